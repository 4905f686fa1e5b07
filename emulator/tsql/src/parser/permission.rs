//! GRANT, DENY, REVOKE, ALTER AUTHORIZATION.

use super::{Parsed, Parser};
use crate::ast::{
    AlterAuthorizationStatement, Permission, PermissionAction, PermissionStatement, Securable,
    StatementKind,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    pub(super) fn permission(&mut self) -> Parsed<StatementKind> {
        let action = self.choice(&[
            ("GRANT", PermissionAction::Grant),
            ("DENY", PermissionAction::Deny),
            ("REVOKE", PermissionAction::Revoke),
        ])?;
        let mut grant_option =
            action == PermissionAction::Revoke && self.eat_words(&["GRANT", "OPTION", "FOR"]);
        let permissions = self.comma_separated(Self::permission_name)?;
        let securable = if self.eat("ON") {
            Some(self.securable()?)
        } else {
            None
        };
        if action == PermissionAction::Revoke && self.at("FROM") {
            self.advance();
        } else {
            self.expect("TO")?;
        }
        let principals = self.comma_separated(Self::principal)?;
        if action == PermissionAction::Grant && self.at_words(&["WITH", "GRANT"]) {
            self.expect_words(&["WITH", "GRANT", "OPTION"])?;
            grant_option = true;
        }
        let cascade = action != PermissionAction::Grant && self.eat("CASCADE");
        let grantor = if self.eat("AS") {
            Some(self.principal()?)
        } else {
            None
        };
        Ok(StatementKind::Permission(Box::new(PermissionStatement {
            action,
            permissions,
            securable,
            principals,
            grant_option,
            cascade,
            grantor,
        })))
    }

    /// One or more words, then columns.
    fn permission_name(&mut self) -> Parsed<Permission> {
        let mut words = Vec::new();
        while matches!(self.kind(), TokenKind::Word | TokenKind::Reserved)
            && !self.at_any(&["ON", "TO", "FROM"])
        {
            words.push(self.upper());
            self.advance();
        }
        if words.is_empty() {
            return self.unexpected();
        }
        if words.len() == 2 && words[0] == "ALL" && words[1] == "PRIVILEGES" {
            words.pop();
        }
        let columns = self.optional_column_list()?;
        Ok(Permission {
            name: words.join(" "),
            columns,
        })
    }

    /// `[class::]name`; a class may have several words.
    pub(super) fn securable(&mut self) -> Parsed<Securable> {
        let mut ahead = 0;
        while matches!(self.kind_at(ahead), TokenKind::Word | TokenKind::Reserved) {
            ahead += 1;
        }
        let class = if ahead > 0 && self.kind_at(ahead) == TokenKind::DoubleColon {
            let words: Vec<String> = (0..ahead)
                .map(|at| self.text_of(self.token_at(at)).to_ascii_uppercase())
                .collect();
            self.pos += ahead + 1;
            words.join(" ")
        } else {
            "OBJECT".to_owned()
        };
        let name = self.object_name()?;
        Ok(Securable { class, name })
    }

    pub(super) fn alter_authorization(&mut self) -> Parsed<StatementKind> {
        self.expect_words(&["AUTHORIZATION", "ON"])?;
        let securable = self.securable()?;
        self.expect("TO")?;
        let owner = if self.eat_words(&["SCHEMA", "OWNER"]) {
            None
        } else {
            Some(self.principal()?)
        };
        Ok(StatementKind::AlterAuthorization(Box::new(
            AlterAuthorizationStatement { securable, owner },
        )))
    }
}
