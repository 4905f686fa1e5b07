"""The network checks of the article on preparing an environment: jobs of SQL Server Agent that try the ports, in both directions."""

from walk import Walk, control, equal


def from_server(walk) -> dict:
    """What SQL Server's job finds, by step: whether the port answers, and at which address."""
    lines = [row[0] for row in walk.sql.script(walk.source("probe-parameters"), "mi")]
    equal(len(lines), 3)
    walk.words["ProbeParameters"] = "\n".join(lines)
    found = {}
    for name, tested, address, status, _duration in walk.step("probe-job"):
        # The steps go well whatever they find.
        equal(status, "1")
        found[name] = (tested.split(":")[1].strip(), address.split(":")[1].strip())
    return found


def from_instance(walk) -> str:
    """What the instance's job finds."""
    rows = walk.sql.script("EXEC ExecuteNetHelper", "mi")
    equal([(row[0], row[2]) for row in rows], [("NetHelper", "tries the port")])
    return rows[0][3].strip()


def network_checks(client, ready, work):
    """Every port answers; then one after the other does not, and the check that is about it says so."""
    walk = Walk(client, ready, work)
    walk.words["JobOwner"] = "cloudSA"
    found = from_server(walk)
    equal({name: answer for name, (answer, _) in found.items()}, {"gateway": "True", "node": "True"})
    assert all(address.startswith("10.") for _, address in found.values()), found
    walk.sql.script(walk.fill(walk.source("net-helper-job")), "mi")
    walk.sql.script(walk.source("net-helper-procedure"), "mi")
    # Nobody listens there yet.
    equal(from_instance(walk), "False")
    walk.step("master-key")
    walk.step("test-endpoint")
    equal(from_instance(walk), "True")
    # The doors close one by one.
    for point, gateway, node, back in (
        ("network.only-5022-open", "True", "False", "True"),
        ("network.one-way-to-sql-server", "True", "True", "False"),
        ("network.one-way-to-instance", "False", "False", "True"),
        ("network.partition", "False", "False", "False"),
    ):
        control(ready, "faults", "POST", {"point": point})
        found = from_server(walk)
        equal((point, found["gateway"][0], found["node"][0], from_instance(walk)), (point, gateway, node, back))
        control(ready, "faults", "DELETE")
    # The node's port is another one on another node.
    before = walk.words["ProbeParameters"]
    walk.az("sql", "mi", "failover", "-g", ready["resourceGroup"], "-n", walk.words["ManagedInstanceName"])
    walk.sql.forget()
    equal({name: answer for name, (answer, _) in from_server(walk).items()}, {"gateway": "True", "node": "True"})
    assert walk.words["ProbeParameters"] != before, before
    equal(from_instance(walk), "True")
    walk.refused("NetHelper already", walk.fill(walk.source("net-helper-job")), "mi")
    walk.sql.script("EXEC msdb.dbo.sp_delete_job @job_name = N'NetHelper'; DROP PROCEDURE ExecuteNetHelper", "mi")
    walk.step("drop-test-endpoint")
