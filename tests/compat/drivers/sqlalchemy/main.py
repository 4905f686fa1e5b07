"""SQLAlchemy on two of the drivers: `main.py CLIENT list` names the tests, `main.py CLIENT TEST` runs one.

An object mapper asks the server more questions than a driver does: version, schema, isolation level, catalog.
"""

import datetime
import decimal
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from sqlalchemy import (Column, DateTime, ForeignKey, Index, Integer, MetaData, Numeric, Unicode, UniqueConstraint,  # noqa: E402
                        create_engine, func, inspect, select, text)
from sqlalchemy.exc import IntegrityError  # noqa: E402
from sqlalchemy.orm import DeclarativeBase, Session, relationship  # noqa: E402


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    id = Column(Integer, primary_key=True)
    name = Column(Unicode(50), nullable=False)
    orders = relationship("Order", back_populates="customer", cascade="all, delete-orphan")


class Order(Base):
    __tablename__ = "purchase"
    __table_args__ = (UniqueConstraint("number", name="uq_number"), Index("ix_made", "made"))
    id = Column(Integer, primary_key=True)
    number = Column(Integer, nullable=False)
    made = Column(DateTime, server_default=func.getdate())
    total = Column(Numeric(12, 2), nullable=True)
    customer_id = Column(ForeignKey("customer.id", name="fk_customer"), nullable=False)
    customer = relationship("Customer", back_populates="orders")


def equal(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def engine(client: str, ready: dict, work: Path):
    """An engine on database db1 whose connections the driver's own adapter makes."""
    from adapters import ADAPTERS
    adapter = ADAPTERS[client](ready, work)
    dialect = {"pymssql": "pymssql", "pyodbc-odbc18": "pyodbc"}[client]
    return create_engine(f"mssql+{dialect}://", creator=lambda: adapter.connect(database="db1", autocommit=False))


def objects(db):
    Base.metadata.create_all(db)
    with Session(db) as session:
        anna = Customer(name="Anna Nováková", orders=[Order(number=1, total=decimal.Decimal("10.50")), Order(number=2)])
        session.add_all([anna, Customer(name="Bo")])
        session.commit()
        equal(session.scalar(select(func.count()).select_from(Order)), 2)
        found = session.scalars(select(Customer).where(Customer.name.like("%Nov%"))).one()
        equal([(o.number, o.total) for o in sorted(found.orders, key=lambda o: o.number)], [(1, decimal.Decimal("10.50")), (2, None)])
        assert isinstance(found.orders[0].made, datetime.datetime)
        found.orders[0].total = decimal.Decimal("99.99")
        session.commit()
        session.add(Order(number=1, customer=found))
        try:
            session.commit()
            raise AssertionError("a duplicate was taken")
        except IntegrityError:
            session.rollback()
        page = session.scalars(select(Customer.name).order_by(Customer.name).offset(1).limit(5)).all()
        equal(page, ["Bo"])
        session.delete(found)
        session.commit()
        equal(session.scalar(select(func.count()).select_from(Order)), 0)
    Base.metadata.drop_all(db)
    equal(inspect(db).has_table("customer"), False)


def reflection(db):
    Base.metadata.create_all(db)
    seen = inspect(db)
    equal(seen.default_schema_name, "dbo")
    assert {"customer", "purchase"} <= set(seen.get_table_names()), seen.get_table_names()
    columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in seen.get_columns("purchase")}
    equal(columns["number"], ("INTEGER", False))
    equal(columns["total"], ("NUMERIC(12, 2)", True))
    equal(seen.get_pk_constraint("purchase")["constrained_columns"], ["id"])
    keys = seen.get_foreign_keys("purchase")
    equal([(k["name"], k["referred_table"], k["constrained_columns"]) for k in keys], [("fk_customer", "customer", ["customer_id"])])
    equal(sorted(i["name"] for i in seen.get_indexes("purchase")), ["ix_made", "uq_number"])
    again = MetaData()
    again.reflect(db)
    assert {"customer", "purchase"} <= set(again.tables)


def isolation(db):
    with db.connect() as connection:
        equal(connection.get_isolation_level(), "READ COMMITTED")
    with db.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        equal(connection.get_isolation_level(), "SERIALIZABLE")
        equal(connection.scalar(text("SELECT 1")), 1)
    with db.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE TABLE dbo.auto_made (id int)"))
    with db.begin() as connection:
        equal(connection.scalar(text("SELECT COUNT(*) FROM dbo.auto_made")), 0)


TESTS = {f.__name__: f for f in (objects, reflection, isolation)}

if __name__ == "__main__":
    client, word = sys.argv[1:3]
    if word == "list":
        print("\n".join(TESTS))
    else:
        ready = json.loads(Path(os.environ["MILINK_READY"]).read_text())
        TESTS[word](engine(client, ready, Path(os.environ["MILINK_WORK"])))
