terraform {
  required_providers {
    azapi = { source = "azure/azapi" }
  }
}

# Where and who is in the environment; the login is the Azure CLI's, as azidentity offers no cloud of its own to service principals.
provider "azapi" {}
