-- What the endpoint became.
SELECT
    name, type_desc, state_desc, role_desc,
    connection_auth_desc, is_encryption_enabled, encryption_algorithm_desc
FROM
    sys.database_mirroring_endpoints
