# A link whose groups are there on SQL Server already, as the article leaves them.

variable "instance_id" { type = string }
variable "partner_endpoint" { type = string }
variable "certificate" {
  type = object({ name = string, public_blob = string })
}
variable "replication_mode" { type = string }

resource "azapi_resource" "certificate" {
  type      = "Microsoft.Sql/managedInstances/serverTrustCertificates@2023-08-01-preview"
  parent_id = var.instance_id
  name      = var.certificate.name
  body      = jsonencode({ properties = { publicBlob = var.certificate.public_blob } })
}

resource "azapi_resource" "link" {
  type      = "Microsoft.Sql/managedInstances/distributedAvailabilityGroups@2023-08-01-preview"
  parent_id = var.instance_id
  name      = "DAG_db1"
  body = jsonencode({
    properties = {
      databases                     = [{ databaseName = "db1" }]
      failoverMode                  = "Manual"
      instanceAvailabilityGroupName = "AG_db1_MI"
      instanceLinkRole              = "Secondary"
      partnerAvailabilityGroupName  = "AG_db1"
      partnerEndpoint               = var.partner_endpoint
      seedingMode                   = "Automatic"
    }
  })
  response_export_values = ["properties.instanceLinkRole", "properties.partnerLinkRole"]
  depends_on             = [azapi_resource.certificate]
}

# A PUT leaves the mode as it is, so it is an action of its own.
resource "azapi_resource_action" "mode" {
  type        = "Microsoft.Sql/managedInstances/distributedAvailabilityGroups@2023-08-01-preview"
  resource_id = azapi_resource.link.id
  method      = "PATCH"
  body        = jsonencode({ properties = { replicationMode = var.replication_mode } })
}

output "roles" {
  value = jsondecode(azapi_resource.link.output).properties
}
