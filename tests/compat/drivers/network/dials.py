"""Dials a SQL server by its name at port 1433, as any program would, and prints what one query says."""

import sys

import pytds

server, user, password, ca, query = sys.argv[1:6]
with pytds.connect(server, "master", user, password, cafile=ca, validate_host=True, login_timeout=30, timeout=30) as connection:
    with connection.cursor() as cursor:
        cursor.execute(query)
        print(cursor.fetchone()[0])
