# A network that reaches the instance by a private endpoint.

variable "instance_id" { type = string }
variable "group_id" { type = string }
variable "zone" { type = string }
variable "instance_name" { type = string }

resource "azapi_resource" "network" {
  type      = "Microsoft.Network/virtualNetworks@2023-09-01"
  parent_id = var.group_id
  name      = "app-vnet"
  location  = "westeurope"
  body = jsonencode({
    properties = {
      addressSpace = { addressPrefixes = ["10.20.0.0/16"] }
    }
  })
}

resource "azapi_resource" "subnet" {
  type      = "Microsoft.Network/virtualNetworks/subnets@2023-09-01"
  parent_id = azapi_resource.network.id
  name      = "endpoints"
  body      = jsonencode({ properties = { addressPrefix = "10.20.1.0/24" } })
}

resource "azapi_resource" "endpoint" {
  type      = "Microsoft.Network/privateEndpoints@2023-09-01"
  parent_id = var.group_id
  name      = "pe-mi"
  location  = "westeurope"
  tags      = { team = "data" }
  body = jsonencode({
    properties = {
      subnet = { id = azapi_resource.subnet.id }
      privateLinkServiceConnections = [{
        name       = "pe-mi"
        properties = { privateLinkServiceId = var.instance_id, groupIds = ["managedInstance"] }
      }]
    }
  })
  response_export_values = ["properties.networkInterfaces"]
}

resource "azapi_resource" "zone" {
  type      = "Microsoft.Network/privateDnsZones@2020-06-01"
  parent_id = var.group_id
  name      = "privatelink.${var.zone}.database.windows.net"
  location  = "global"
  body      = jsonencode({ properties = {} })
}

resource "azapi_resource" "zone_link" {
  type      = "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01"
  parent_id = azapi_resource.zone.id
  name      = "app"
  location  = "global"
  body = jsonencode({
    properties = {
      registrationEnabled = false
      virtualNetwork      = { id = azapi_resource.network.id }
    }
  })
}

# For an instance a DNS zone group records nothing, so the address is recorded by hand, as the article does.
data "azapi_resource" "interface" {
  type                   = "Microsoft.Network/networkInterfaces@2023-09-01"
  resource_id            = jsondecode(azapi_resource.endpoint.output).properties.networkInterfaces[0].id
  response_export_values = ["properties.ipConfigurations"]
}

resource "azapi_resource" "record" {
  type      = "Microsoft.Network/privateDnsZones/A@2020-06-01"
  parent_id = azapi_resource.zone.id
  name      = var.instance_name
  body = jsonencode({
    properties = {
      ttl      = 300
      aRecords = [{ ipv4Address = jsondecode(data.azapi_resource.interface.output).properties.ipConfigurations[0].properties.privateIPAddress }]
    }
  })
}
