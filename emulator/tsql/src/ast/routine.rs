//! Procedures, functions, triggers. Bodies are statements; the text of a module is the text of its batch.

use super::{
    CreateMode, DataType, Expr, Ident, ObjectName, SelectStatement, Statement, TableElement, Text,
};

/// CREATE, ALTER PROCEDURE.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateProcedureStatement {
    /// CREATE, ALTER, or CREATE OR ALTER.
    pub mode: CreateMode,
    /// Its name.
    pub name: ObjectName,
    /// `;n`.
    pub number: Option<u32>,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// WITH …
    pub options: ModuleOptions,
    /// FOR REPLICATION.
    pub for_replication: bool,
    /// The body.
    pub body: Vec<Statement>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name, with its `@`.
    pub name: Ident,
    /// Its type.
    pub data_type: DataType,
    /// VARYING, for cursors.
    pub varying: bool,
    /// NULL / NOT NULL if written.
    pub nullable: Option<bool>,
    /// The default.
    pub default: Option<Expr>,
    /// OUTPUT.
    pub output: bool,
    /// READONLY.
    pub readonly: bool,
}

/// WITH of a module.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModuleOptions {
    /// ENCRYPTION, RECOMPILE, SCHEMABINDING, RETURNS NULL ON NULL INPUT, INLINE = ON …, in upper case.
    pub flags: Vec<String>,
    /// EXECUTE AS.
    pub execute_as: Option<ModuleExecuteAs>,
}

/// EXECUTE AS of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleExecuteAs {
    /// CALLER
    Caller,
    /// SELF
    SelfUser,
    /// OWNER
    Owner,
    /// 'user'
    User(Text),
}

/// CREATE, ALTER FUNCTION.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateFunctionStatement {
    /// CREATE, ALTER, or CREATE OR ALTER.
    pub mode: CreateMode,
    /// Its name.
    pub name: ObjectName,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// WITH …
    pub options: ModuleOptions,
    /// What it returns, with the body that fits.
    pub body: FunctionBody,
}

/// The three kinds of function.
#[derive(Debug, Clone, PartialEq)]
pub enum FunctionBody {
    /// RETURNS type … BEGIN … END
    Scalar {
        /// The type.
        returns: DataType,
        /// The body.
        body: Vec<Statement>,
    },
    /// RETURNS TABLE AS RETURN (select)
    Inline {
        /// The query.
        select: Box<SelectStatement>,
    },
    /// RETURNS @t TABLE (…) AS BEGIN … END
    Table {
        /// The table variable returned.
        variable: Ident,
        /// Its definition.
        elements: Vec<TableElement>,
        /// The body.
        body: Vec<Statement>,
    },
}

/// CREATE, ALTER TRIGGER.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateTriggerStatement {
    /// CREATE, ALTER, or CREATE OR ALTER.
    pub mode: CreateMode,
    /// Its name.
    pub name: ObjectName,
    /// ON.
    pub scope: TriggerScope,
    /// WITH …
    pub options: ModuleOptions,
    /// AFTER / FOR, or INSTEAD OF.
    pub instead_of: bool,
    /// INSERT, UPDATE, DELETE, or DDL events, in upper case.
    pub events: Vec<String>,
    /// NOT FOR REPLICATION.
    pub not_for_replication: bool,
    /// The body.
    pub body: Vec<Statement>,
}

/// What a trigger is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerScope {
    /// A table or view.
    Object(ObjectName),
    /// DATABASE
    Database,
    /// ALL SERVER
    AllServer,
}

/// ENABLE | DISABLE TRIGGER names | ALL ON scope.
#[derive(Debug, Clone, PartialEq)]
pub struct EnableTriggerStatement {
    /// ENABLE.
    pub enable: bool,
    /// The triggers; empty for ALL.
    pub names: Vec<ObjectName>,
    /// ON.
    pub scope: TriggerScope,
}
