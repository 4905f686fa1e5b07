"""The management SDKs of other runtimes: `runtimes.py COMMAND… list` names the walk, `runtimes.py COMMAND… walk` runs it.

What comes before a link (certificates, endpoints, availability groups) is done as the article does it, by T-SQL and the Azure CLI;
the walk itself is the SDK's.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ARTICLE = HERE.parent / "article"


def prepared(ready: dict, work: Path) -> dict:
    """A world in which a link can be made; the words are its names."""
    sys.path[:0] = [str(ARTICLE)]
    # The article's program is called main as well as this folder's.
    import importlib.util
    spec = importlib.util.spec_from_file_location("article_walk", ARTICLE / "main.py")
    article = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(article)
    walk = article.Walk("pymssql", ready, work)
    walk.sql.script(article.TABLE, "sql", walk.words["DatabaseName"])
    walk.step("backup")
    walk.trust()
    walk.groups_from_server()
    return walk.words


def trust_store(ready: dict, work: Path) -> Path:
    """The authority as Java keeps it."""
    store = work / "authority.p12"
    subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "milink", "-file", ready["caFile"], "-keystore", store,
                    "-storetype", "PKCS12", "-storepass", "changeit"], check=True, capture_output=True)
    return store


def main() -> int:
    *command, word = sys.argv[1:]
    if word == "list":
        print("walk")
        return 0
    ready, work = json.loads(Path(os.environ["MILINK_READY"]).read_text()), Path(os.environ["MILINK_WORK"])
    env = {**os.environ, "MILINK_WORDS": json.dumps(prepared(ready, work)), "NODE_EXTRA_CA_CERTS": ready["caFile"],
           "SSL_CERT_FILE": ready["caFile"], "REQUESTS_CA_BUNDLE": ready["caFile"]}
    if "java" in Path(command[0]).name:
        command[1:1] = [f"-Djavax.net.ssl.trustStore={trust_store(ready, work)}", "-Djavax.net.ssl.trustStorePassword=changeit"]
    return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
