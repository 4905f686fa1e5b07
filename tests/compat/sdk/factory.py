"""The unmodified SDK of Data Factory, pointed at the emulator; what it has no call for goes over its own pipeline."""

import os

from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential
from azure.mgmt.datafactory import DataFactoryManagementClient

PASSWORD = "Adf-Pa55word!"


class Azure:
    """One user's clients."""

    def __init__(self, ready: dict):
        os.environ["REQUESTS_CA_BUNDLE"] = ready["caFile"]
        self.ready = ready
        self.group = ready["resourceGroup"]
        self.base = ready["armUrl"].rstrip("/")
        credential = ClientSecretCredential(
            ready["tenantId"], ready["clientId"], ready["clientSecret"],
            authority=ready["entraUrl"], disable_instance_discovery=True,
        )
        self.factories = DataFactoryManagementClient(
            credential, ready["subscriptionId"], base_url=self.base,
            credential_scopes=[f"{self.base}/.default"], polling_interval=0,
        )

    def id(self, tail: str) -> str:
        return f"/subscriptions/{self.ready['subscriptionId']}/resourceGroups/{self.group}/providers/{tail}"

    def rest(self, method: str, path: str, version: str, body=None) -> dict:
        """A request that the SDK has no method for."""
        request = HttpRequest(method, f"{self.base}{path}?api-version={version}", json=body)
        answer = self.factories.send_request(request)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def test(self, factory: str, body: dict) -> dict:
        """POST `testConnectivity`: the portal's button."""
        return self.rest("POST", self.id(f"Microsoft.DataFactory/factories/{factory}/testConnectivity"), "2018-06-01", body)


def refused(status: int, code: str, call) -> None:
    """A call that must end with this status and code."""
    try:
        call()
    except HttpResponseError as error:
        seen = error.error.code if error.error else error.reason
        assert (error.status_code, seen) == (status, code), f"{error.status_code} {seen}: {error.message}"
        return
    raise AssertionError(f"expected {status} {code}")
