"""ODBC's own scrollable cursors, which pyodbc does not hand out: the calls themselves, by ctypes."""

import ctypes

NTS, SUCCESS, INFO, NO_DATA = -3, 0, 1, 100
ENV, DBC, STMT = 1, 2, 3
CURSOR_TYPE, CONCURRENCY, ROW_ARRAY_SIZE, ROW_STATUS, ROWS_FETCHED = 6, 7, 27, 25, 26
FORWARD_ONLY, KEYSET, DYNAMIC, STATIC = 0, 1, 2, 3
READ_ONLY, LOCK, ROWVER, VALUES = 1, 2, 3, 4
NEXT, FIRST, LAST, PRIOR, ABSOLUTE, RELATIVE = 1, 2, 3, 4, 5, 6
POSITION, REFRESH, UPDATE, DELETE, ADD = 0, 1, 2, 3, 4
C_LONG, C_CHAR = 4, 1
ROW_DELETED, ROW_NONE = 1, 3
COLUMN_IGNORE = -6


class Cursor:
    """A statement with columns `id int` and `name varchar`, and a block of rows bound to it."""

    def __init__(self, text: str, kind: int, concurrency: int, block: int):
        self.odbc = ctypes.CDLL("libodbc.so.2")
        self.environment, self.connection, self.statement = (ctypes.c_void_p() for _ in range(3))
        self.must(self.odbc.SQLAllocHandle(ENV, None, ctypes.byref(self.environment)), ENV, self.environment)
        self.must(self.odbc.SQLSetEnvAttr(self.environment, 200, ctypes.c_void_p(3), 0), ENV, self.environment)
        self.must(self.odbc.SQLAllocHandle(DBC, self.environment, ctypes.byref(self.connection)), ENV, self.environment)
        wide = ctypes.create_string_buffer(text.encode("utf-16-le") + b"\0\0")
        self.must(self.odbc.SQLDriverConnectW(self.connection, None, wide, NTS, None, 0, None, 0), DBC, self.connection)
        self.must(self.odbc.SQLAllocHandle(STMT, self.connection, ctypes.byref(self.statement)), DBC, self.connection)
        for attribute, value in ((CURSOR_TYPE, kind), (CONCURRENCY, concurrency), (ROW_ARRAY_SIZE, block)):
            self.call("SQLSetStmtAttr", attribute, ctypes.c_void_p(value), 0)
        self.block = block
        self.ids = (ctypes.c_int32 * block)()
        self.names = (ctypes.c_char * 20 * block)()
        self.lengths = [(ctypes.c_ssize_t * block)() for _ in range(2)]
        self.status = (ctypes.c_ushort * block)()
        self.count = ctypes.c_ulong()
        self.call("SQLSetStmtAttr", ROW_STATUS, ctypes.byref(self.status), 0)
        self.call("SQLSetStmtAttr", ROWS_FETCHED, ctypes.byref(self.count), 0)

    def must(self, code: int, kind: int, handle) -> int:
        code = ctypes.c_short(code).value
        if code in (SUCCESS, INFO, NO_DATA):
            return code
        raise RuntimeError(self.trouble(kind, handle))

    def trouble(self, kind: int, handle) -> str:
        state, native = ctypes.create_string_buffer(6), ctypes.c_int()
        text, length = ctypes.create_string_buffer(1024), ctypes.c_short()
        found, at = [], 1
        while ctypes.c_short(self.odbc.SQLGetDiagRec(
                kind, handle, at, state, ctypes.byref(native), text, 1024, ctypes.byref(length))).value in (SUCCESS, INFO):
            found.append(f"{state.value.decode()} {native.value} {text.value.decode(errors='replace')}")
            at += 1
        return "; ".join(found)

    def call(self, name: str, *arguments) -> int:
        return self.must(getattr(self.odbc, name)(self.statement, *arguments), STMT, self.statement)

    def execute(self, sql: str) -> None:
        self.call("SQLExecDirect", sql.encode(), NTS)

    def query(self, sql: str) -> None:
        self.execute(sql)
        self.call("SQLBindCol", 1, C_LONG, self.ids, 0, self.lengths[0])
        self.call("SQLBindCol", 2, C_CHAR, self.names, 20, self.lengths[1])

    def fetch(self, orientation: int, offset: int = 0) -> list:
        """The rows of the block: (id, name), or the status of a row that is not there."""
        if self.call("SQLFetchScroll", orientation, ctypes.c_ssize_t(offset)) == NO_DATA:
            return []
        return [self.row(at) for at in range(self.block) if self.status[at] != ROW_NONE]

    def row(self, at: int):
        if self.status[at] == ROW_DELETED:
            return "deleted"
        return self.ids[at], self.names[at].value.decode()

    def rename(self, at: int, name: str, whole: bool) -> None:
        """Changes the name in a row of the block, from 1; some drivers only send whole rows."""
        self.names[at - 1].value = name.encode()
        self.lengths[1][at - 1] = len(name)
        self.lengths[0][at - 1] = 4 if whole else COLUMN_IGNORE
        self.call("SQLSetPos", ctypes.c_ulong(at), UPDATE, 0)

    def delete(self, at: int) -> None:
        self.call("SQLSetPos", ctypes.c_ulong(at), DELETE, 0)

    def close(self) -> None:
        self.odbc.SQLFreeHandle(STMT, self.statement)
        self.odbc.SQLDisconnect(self.connection)
        self.odbc.SQLFreeHandle(DBC, self.connection)
        self.odbc.SQLFreeHandle(ENV, self.environment)
