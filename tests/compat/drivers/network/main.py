"""The model's network as unmodified programs meet it: `main.py list` names the tests, `main.py TEST` runs one.

dnspython asks for names, PySocks and curl speak to the proxy, python-tds logs in by each of the ways, and `milink run` puts it into a
namespace of its own. The default topology is enough: its instance is seen from its own subnet, and not from the internet.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytds
import socks

import article

READY = {}
INSIDE = "subnet:milink-vnet/ManagedInstance"
QUERY = "SELECT CAST(SERVERPROPERTY('ServerName') AS nvarchar(128))"


class Skip(Exception):
    """The machine lacks something."""


def control(path: str, **query: str) -> dict:
    """GET of the control API."""
    url = f"{READY['controlUrl'].replace('https', 'http')}/{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def mi() -> dict:
    return READY["managedInstances"][0]


def name_server(addresses: str, vantage: str = INSIDE) -> tuple[str, int]:
    host, port = control("net/dns", **{"from": vantage, "addresses": addresses})["address"].rsplit(":", 1)
    return host, int(port)


def session(sock: socket.socket, server: str):
    """A login through an open socket, with the certificate checked against the name."""
    instance = mi()
    return pytds.connect(server, "master", instance["user"], instance["password"], sock=sock,
                         cafile=READY["caFile"], validate_host=True, login_timeout=30, timeout=30)


def server_name(connection) -> str:
    with connection, connection.cursor() as cursor:
        cursor.execute(QUERY)
        return cursor.fetchone()[0]


def proxied(vantage: str, host: str, port: int) -> socks.socksocket:
    proxy = urllib.parse.urlsplit(READY["socksUrl"])
    sock = socks.socksocket()
    sock.set_proxy(socks.SOCKS5, proxy.hostname, proxy.port, rdns=True, username=vantage, password="-")
    sock.settimeout(30)
    sock.connect((host, port))
    return sock


def names() -> None:
    """By UDP, by TCP and by a stub resolver; what is not in the model is refused."""
    host, port = name_server("model")
    fqdn = mi()["fqdn"]
    answers = []
    for send in (dns.query.udp, dns.query.tcp):
        reply = send(dns.message.make_query(fqdn, "A"), host, port=port, timeout=10)
        assert reply.rcode() == dns.rcode.NOERROR and reply.flags & dns.flags.AA, reply
        assert not reply.flags & dns.flags.RA, "it never asks anybody"
        answers.append([r.address for rrset in reply.answer for r in rrset if rrset.rdtype == 1])
    assert answers[0] == answers[1] and answers[0][0].startswith("10.1."), answers
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = [host], port, 10
    texts = resolver.resolve(f"_model.{fqdn}", "TXT")
    assert [t.strings[0].decode() for t in texts] == answers[0], texts
    for name, kind, error in [
        (fqdn, "AAAA", dns.resolver.NoAnswer),
        (f"nobody{fqdn}", "A", dns.resolver.NXDOMAIN),
        ("www.example.com", "A", dns.resolver.NoNameservers),
    ]:
        try:
            resolver.resolve(name, kind)
        except error:
            continue
        raise AssertionError(f"{name} {kind} was answered")


def socks_with_a_driver() -> None:
    """python-tds through PySocks: the name is resolved by the proxy, the certificate fits."""
    fqdn = mi()["fqdn"]
    assert server_name(session(proxied(INSIDE, fqdn, 1433), fqdn)) == fqdn
    cases = [("internet", fqdn, 1433, socks.SOCKS5_ERRORS[0x03]), (INSIDE, f"nobody{fqdn}", 1433, socks.SOCKS5_ERRORS[0x04]),
             (INSIDE, fqdn, 3342, socks.SOCKS5_ERRORS[0x05])]
    for vantage, host, port, words in cases:
        try:
            proxied(vantage, host, port)
        except socks.ProxyError as error:
            assert words in str(error), (vantage, host, port, error)
            continue
        raise AssertionError(f"{host}:{port} was reached from {vantage}")
    try:
        proxied("vm:nobody", fqdn, 1433)
    except socks.ProxyError as error:
        assert "authentication" in str(error), error
    else:
        raise AssertionError("nobody was let in")


def socks_with_curl() -> None:
    """curl takes the vantage for a name and a password."""
    curl = shutil.which("curl")
    if curl is None:
        raise Skip("no curl on this machine")
    proxy = urllib.parse.urlsplit(READY["socksUrl"])
    for vantage, status in [(INSIDE, 0), ("internet", 97), ("mi:nobody", 97)]:
        # A telnet session that says nothing: it is over as soon as its input is.
        command = [curl, "-sS", "--max-time", "20", "--proxy", f"socks5h://{proxy.netloc}",
                   "--proxy-user", vantage if ":" in vantage else f"{vantage}:-", f"telnet://{mi()['fqdn']}:1433"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode == 0) == (status == 0), (vantage, done)


def loopback() -> None:
    """python-tds dials what the name server of the loopback says."""
    try:
        host, port = name_server("loopback")
    except urllib.error.HTTPError as error:
        raise Skip(f"no addresses of the loopback: {error}") from error
    fqdn = mi()["fqdn"]
    reply = dns.query.udp(dns.message.make_query(fqdn, "A"), host, port=port, timeout=10)
    address = reply.answer[-1][0].address
    assert address.startswith("127."), reply
    assert server_name(session(socket.create_connection((address, 1433), 30), fqdn)) == fqdn
    try:
        socket.create_connection((address, 3342), 5)
    except ConnectionRefusedError:
        return
    raise AssertionError("the public port answers inside")


def namespace() -> None:
    """A program that knows nothing of the emulator: it dials a name at the port of SQL."""
    fqdn, script = mi()["fqdn"], Path(__file__).resolve().with_name("dials.py")
    milink = os.environ["MILINK_PROGRAM"]
    env = {**os.environ, "MILINK_URL": READY["controlUrl"]}

    def run(vantage: str, *command: str) -> subprocess.CompletedProcess:
        words = [milink, "run", "--in", vantage, "--", *command]
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, timeout=90, check=False)

    probe = run(INSIDE, "true")
    if probe.returncode == 2 and "network of its own" in probe.stderr:
        assert "milink net dial" in probe.stderr, probe
        raise Skip(f"no namespaces for this user: {probe.stderr.splitlines()[0]}")
    assert probe.returncode == 0, probe
    assert run(INSIDE, "sh", "-c", "exit 7").returncode == 7
    done = run(INSIDE, sys.executable, str(script), fqdn, mi()["user"], mi()["password"], READY["caFile"], QUERY)
    assert (done.returncode, done.stdout.strip()) == (0, fqdn), done
    done = run("internet", sys.executable, "-c", f"import socket; print(socket.gethostbyname({fqdn!r}))")
    assert done.returncode == 0 and done.stdout.startswith("10.1."), done
    done = run(INSIDE, sys.executable, "-c", "import socket; socket.gethostbyname('www.example.com')")
    assert done.returncode == 1 and "gaierror" in done.stderr, done
    assert run("vm:nobody", "true").returncode == 2


def namespace_follows() -> None:
    """Where nothing answers packets are dropped, and what answers later does without a restart."""
    arm = article.Arm(READY)
    article.network(arm, READY)
    article.endpoint(arm, READY)
    script = Path(__file__).resolve().with_name("knocks.py")
    words = [os.environ["MILINK_PROGRAM"], "run", "--in", article.APP, "--", sys.executable, str(script)]
    inside = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, "MILINK_URL": READY["controlUrl"]})

    def knock(address: str, port: int) -> str:
        inside.stdin.write(f"{address} {port}\n")
        inside.stdin.flush()
        found = inside.stdout.readline().strip()
        if not found and "network of its own" in (said := inside.stderr.read()):
            raise Skip(f"no namespaces for this user: {said.splitlines()[0]}")
        return found

    def until(address: str, port: int, wanted: str) -> None:
        # The namespace looks once a second for what has changed; a knock that is let in takes milliseconds.
        found, end = knock(address, port), time.monotonic() + 30
        while found != wanted and time.monotonic() < end:
            found = knock(address, port)
        assert found == wanted, (address, port, found)

    try:
        own = control("net/hosts", **{"from": INSIDE, "addresses": "model"})["hosts"]
        home = next(host["address"] for host in own if host["name"] == mi()["fqdn"])
        # Not of this network; asked for, and not approved; of nobody.
        for address in (home, "10.9.1.4", "10.9.0.200", "192.0.2.1"):
            assert knock(address, 1433) == "timeout", address
        article.approve(arm, READY)
        until("10.9.1.4", 1433, "open")
        assert knock("10.9.1.4", 5022) == "timeout", "a private endpoint carries SQL only"
        article.remove(arm, READY)
        until("10.9.1.4", 1433, "timeout")
    finally:
        inside.stdin.close()
        inside.wait(30)


def private_endpoint() -> None:
    """The article's walk for separate networks, at mapped ports."""
    article.separate_networks(READY, control)


LISTENER = """CREATE AVAILABILITY GROUP compat WITH (CLUSTER_TYPE = NONE) FOR DATABASE db1 REPLICA ON N'sqlserver1' WITH (
    ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL,
    SECONDARY_ROLE (ALLOW_CONNECTIONS = READ_ONLY, READ_ONLY_ROUTING_URL = N'TCP://sqlserver1.contoso.local:1433'))
    LISTENER N'aglistener' (WITH IP ((N'10.0.2.40', N'255.255.255.0'), (N'10.0.0.40', N'255.255.255.0')), PORT = 1434)
GO
ALTER AVAILABILITY GROUP compat MODIFY REPLICA ON N'sqlserver1' WITH (PRIMARY_ROLE (READ_ONLY_ROUTING_LIST = (N'sqlserver1')))"""


def listener() -> None:
    """A listener in two subnets, from an office: its name has both addresses, of which one answers, and readers are sent on."""
    article.Arm(READY)("PUT", "Microsoft.Network/localNetworkGateways/office", article.NETWORK, {"location": READY["location"], "properties": {
        "gatewayIpAddress": "198.51.100.1", "localNetworkAddressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}})
    server = READY["sqlServers"][0]

    def session(host: str, port: int, reads: bool):
        return pytds.connect(host, "db1", server["user"], server["password"], port=port, cafile=READY["caFile"], validate_host=False,
                             readonly=reads, login_timeout=20, timeout=20, autocommit=True)

    script = (Path(os.environ["MILINK_CASES"]) / "routing.sql").read_text(encoding="utf-8").split("\nGO\n")
    with pytds.connect(server["host"], "master", server["user"], server["password"], port=server["port"], cafile=READY["caFile"],
                       validate_host=False, autocommit=True) as admin, admin.cursor() as cursor:
        for batch in [*script[:4], *LISTENER.split("\nGO\n")]:
            cursor.execute(batch)
        cursor.execute("SELECT ip_address, state_desc FROM sys.availability_group_listener_ip_addresses ORDER BY 1")
        assert cursor.fetchall() == [("10.0.0.40", "ONLINE"), ("10.0.2.40", "OFFLINE")], "the server is in one of the subnets"
    office = "onprem:office"
    host, port = name_server("model", office)
    for name in ("aglistener", "AGLISTENER.contoso.local"):
        reply = dns.query.udp(dns.message.make_query(name, "A"), host, port=port, timeout=10)
        assert sorted(r.address for rrset in reply.answer for r in rrset) == ["10.0.0.40", "10.0.2.40"], reply

    def at(name: str, port: int = 1434) -> tuple[str, int]:
        here = control("net/dial", **{"from": office, "host": name, "port": str(port)})
        return here["host"], here["port"]

    online = at("10.0.0.40")
    try:
        socket.create_connection(at("10.0.2.40"), 0.5).close()
        raise AssertionError("the subnet where the server is not answers")
    except TimeoutError:
        pass
    query = "SELECT local_tcp_port FROM sys.dm_exec_connections WHERE session_id = @@SPID"
    seen = {}
    for reads in (False, True):
        with session(*online, reads) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            seen[reads] = cursor.fetchone()[0]
    assert seen == {False: online[1], True: at("sqlserver1.contoso.local", 1433)[1]}, seen


def listener_follows() -> None:
    """One port that stands for a listener, as an office sees it: it leads to the new primary after a failover, readers to the other one."""
    article.Arm(READY)("PUT", "Microsoft.Network/localNetworkGateways/office", article.NETWORK, {"location": READY["location"], "properties": {
        "gatewayIpAddress": "198.51.100.1", "localNetworkAddressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}})
    servers = READY["sqlServers"]

    def session(host: str, port: int, database: str, reads: bool = False):
        return pytds.connect(host, database, servers[0]["user"], servers[0]["password"], port=port, cafile=READY["caFile"], validate_host=False,
                             readonly=reads, login_timeout=20, timeout=20, autocommit=True)

    def play(name: str) -> None:
        text = (Path(os.environ["MILINK_CASES"]) / name).read_text(encoding="utf-8").format(
            one="sqlserver1.contoso.local:1433", two="sqlserver2.contoso.local:1433", listener="aglistener")
        for batch in text.split("\nGO\n"):
            server = servers[int(batch.startswith("-- sqlserver2"))]
            with session(server["host"], server["port"], "master") as admin, admin.cursor() as cursor:
                cursor.execute(batch)

    play("replicas.sql")
    dialled = control("net/dial", **{"from": "onprem:office", "host": "aglistener", "port": "1434"})

    def seen(reads: bool) -> tuple:
        with session(dialled["host"], dialled["port"], "db1", reads) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@SERVERNAME, MAX(id) FROM dbo.served")
            return tuple(cursor.fetchone())

    assert (seen(False), seen(True)) == (("sqlserver1", 1), ("sqlserver2", 1))
    play("replicas-change.sql")
    assert (seen(False), seen(True)) == (("sqlserver2", 2), ("sqlserver1", 2))


def failover_group() -> None:
    """The listener of a failover group, through the proxy, with the certificate checked against its name: the data and the name follow."""
    arm, (one, two) = article.Arm(READY), READY["managedInstances"]
    group, zone = "instanceFailoverGroups/fog", one["fqdn"].split(".", 1)[1]
    arm("PUT", f"Microsoft.Sql/locations/{READY['location']}/{group}", article.SQL, {"properties": {
        "readWriteEndpoint": {"failoverPolicy": "Manual"}, "partnerRegions": [{"location": "northeurope"}],
        "managedInstancePairs": [{"primaryManagedInstanceId": one["resourceId"], "partnerManagedInstanceId": two["resourceId"]}]}})

    def run(listener: str, query: str) -> list:
        host = f"{listener}.{zone}"
        with session(proxied(INSIDE, host, 1433), host) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []

    def readers_see(rows: int) -> str:
        """Who answers readers, once they see so many rows: they are a moment behind."""
        for _ in range(200):
            try:
                [(server, seen)] = run("fog.secondary", "SELECT @@SERVERNAME, (SELECT COUNT(*) FROM db1.dbo.t)")
                if seen == rows:
                    return server
            except pytds.Error:
                pass
            time.sleep(0.05)
        raise AssertionError(f"readers do not see {rows} rows")

    run("fog", "CREATE DATABASE db1")
    run("fog", "CREATE TABLE db1.dbo.t (a int PRIMARY KEY)")
    for turn, (primary, secondary) in enumerate([(one, two), (two, one)]):
        if turn:
            arm("POST", f"Microsoft.Sql/locations/northeurope/{group}/failover", article.SQL)
        assert run("fog", "SELECT @@SERVERNAME") == [(primary["fqdn"],)]
        run("fog", f"INSERT INTO db1.dbo.t VALUES ({turn})")
        assert readers_see(turn + 1) == secondary["fqdn"]
        try:
            run("fog.secondary", "INSERT INTO db1.dbo.t VALUES (9)")
        except pytds.Error as error:
            assert error.number == 3906, error
        else:
            raise AssertionError("the secondary was written")


TESTS = {test.__name__: test for test in (names, socks_with_a_driver, socks_with_curl, loopback, namespace, namespace_follows, private_endpoint,
                                          listener, listener_follows, failover_group)}


def main() -> int:
    if sys.argv[1] == "list":
        for name in TESTS:
            topology = {"listener_follows": "replicas", "failover_group": "regions"}.get(name)
            print(name + (f"\t--topology\t{os.environ['MILINK_CASES']}/{topology}.toml" if topology else ""))
        return 0
    READY.update(json.loads(Path(os.environ["MILINK_READY"]).read_text()))
    try:
        TESTS[sys.argv[1]]()
    except Skip as reason:
        print(reason)
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
