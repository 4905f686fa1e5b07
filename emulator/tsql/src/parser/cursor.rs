//! Cursors: DECLARE, OPEN, FETCH, CLOSE, DEALLOCATE.

use super::{Parsed, Parser};
use crate::ast::{
    CursorConcurrency, CursorDefinition, CursorForUpdate, CursorModel, CursorRef, CursorScope,
    DeclareCursorStatement, FetchOrientation, FetchStatement, Ident, StatementKind,
};
use crate::lexer::TokenKind;

/// What may stand around the word CURSOR.
#[derive(Default)]
struct CursorOptions {
    scope: Option<CursorScope>,
    scroll: Option<bool>,
    model: Option<CursorModel>,
    concurrency: Option<CursorConcurrency>,
    type_warning: bool,
}

impl Parser<'_> {
    /// `name [INSENSITIVE] [SCROLL] CURSOR … FOR select` after DECLARE.
    pub(super) fn declare_cursor(&mut self) -> Parsed<StatementKind> {
        let name = self.identifier()?;
        let mut options = CursorOptions::default();
        if self.eat("INSENSITIVE") {
            options.model = Some(CursorModel::Insensitive);
        }
        if self.eat("SCROLL") {
            options.scroll = Some(true);
        }
        self.expect("CURSOR")?;
        let definition = self.cursor_definition_with(options)?;
        Ok(StatementKind::DeclareCursor(Box::new(
            DeclareCursorStatement { name, definition },
        )))
    }

    /// What follows the word CURSOR.
    pub(super) fn cursor_definition(&mut self) -> Parsed<CursorDefinition> {
        self.cursor_definition_with(CursorOptions::default())
    }

    fn cursor_definition_with(&mut self, mut options: CursorOptions) -> Parsed<CursorDefinition> {
        while !self.at("FOR") {
            self.cursor_option(&mut options)?;
        }
        self.expect("FOR")?;
        let select = self.select_with_ctes()?;
        let for_update = self.cursor_for_update()?;
        Ok(CursorDefinition {
            scope: options.scope,
            scroll: options.scroll,
            model: options.model,
            concurrency: options.concurrency,
            type_warning: options.type_warning,
            select,
            for_update,
        })
    }

    fn cursor_option(&mut self, options: &mut CursorOptions) -> Parsed<()> {
        match self.upper().as_str() {
            "LOCAL" => options.scope = Some(CursorScope::Local),
            "GLOBAL" => options.scope = Some(CursorScope::Global),
            "FORWARD_ONLY" => options.scroll = Some(false),
            "SCROLL" => options.scroll = Some(true),
            "STATIC" => options.model = Some(CursorModel::Static),
            "KEYSET" => options.model = Some(CursorModel::Keyset),
            "DYNAMIC" => options.model = Some(CursorModel::Dynamic),
            "FAST_FORWARD" => options.model = Some(CursorModel::FastForward),
            "READ_ONLY" => options.concurrency = Some(CursorConcurrency::ReadOnly),
            "SCROLL_LOCKS" => options.concurrency = Some(CursorConcurrency::ScrollLocks),
            "OPTIMISTIC" => options.concurrency = Some(CursorConcurrency::Optimistic),
            "TYPE_WARNING" => options.type_warning = true,
            _ => return self.unexpected(),
        }
        self.advance();
        Ok(())
    }

    fn cursor_for_update(&mut self) -> Parsed<Option<CursorForUpdate>> {
        if self.eat_words(&["FOR", "READ", "ONLY"]) {
            return Ok(Some(CursorForUpdate::ReadOnly));
        }
        if !self.eat_words(&["FOR", "UPDATE"]) {
            return Ok(None);
        }
        let columns: Vec<Ident> = if self.eat("OF") {
            self.identifier_list()?
        } else {
            Vec::new()
        };
        Ok(Some(CursorForUpdate::Update(columns)))
    }

    /// `[GLOBAL] name` or `@variable`.
    pub(super) fn cursor_ref(&mut self) -> Parsed<CursorRef> {
        let global = self.at("GLOBAL") && self.identifier_at(1);
        if global {
            self.advance();
        }
        let name = if self.at_kind(TokenKind::Variable) && !global {
            self.take_ident()
        } else {
            self.identifier()?
        };
        Ok(CursorRef { global, name })
    }

    /// OPEN of a cursor or of the master key.
    pub(super) fn open(&mut self) -> Parsed<StatementKind> {
        self.expect("OPEN")?;
        if self.at_words(&["MASTER", "KEY"]) {
            return self.open_master_key();
        }
        if self.at_words(&["SYMMETRIC", "KEY"]) {
            return self.unsupported("symmetric keys");
        }
        self.cursor_ref().map(StatementKind::OpenCursor)
    }

    /// CLOSE of a cursor or of the master key.
    pub(super) fn close(&mut self) -> Parsed<StatementKind> {
        self.expect("CLOSE")?;
        if self.at_words(&["MASTER", "KEY"]) {
            return self.close_master_key();
        }
        if self.at_words(&["SYMMETRIC", "KEY"]) || self.at_words(&["ALL", "SYMMETRIC"]) {
            return self.unsupported("symmetric keys");
        }
        self.cursor_ref().map(StatementKind::CloseCursor)
    }

    pub(super) fn deallocate(&mut self) -> Parsed<StatementKind> {
        self.expect("DEALLOCATE")?;
        self.cursor_ref().map(StatementKind::DeallocateCursor)
    }

    pub(super) fn fetch(&mut self) -> Parsed<StatementKind> {
        self.expect("FETCH")?;
        // A cursor may be called like an orientation: `FETCH next` is one, `FETCH next FROM c` is not.
        let oriented = !matches!(self.kind_at(1), TokenKind::Eof | TokenKind::Semicolon)
            && !self.word_at(1, "INTO");
        let orientation = match self.upper().as_str() {
            "NEXT" if oriented => FetchOrientation::Next,
            "PRIOR" if oriented => FetchOrientation::Prior,
            "FIRST" if oriented => FetchOrientation::First,
            "LAST" if oriented => FetchOrientation::Last,
            "ABSOLUTE" if oriented => {
                self.advance();
                FetchOrientation::Absolute(self.argument_value()?)
            }
            "RELATIVE" if oriented => {
                self.advance();
                FetchOrientation::Relative(self.argument_value()?)
            }
            _ => FetchOrientation::Next,
        };
        if oriented && self.at_any(&["NEXT", "PRIOR", "FIRST", "LAST"]) {
            self.advance();
        }
        self.eat("FROM");
        let cursor = self.cursor_ref()?;
        let into = if self.eat("INTO") {
            self.comma_separated(Self::variable)?
        } else {
            Vec::new()
        };
        Ok(StatementKind::Fetch(Box::new(FetchStatement {
            orientation,
            cursor,
            into,
        })))
    }
}
