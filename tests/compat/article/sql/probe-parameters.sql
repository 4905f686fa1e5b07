-- On the managed instance: the names and the port that SQL Server is to try, as lines of a script.
SELECT N'DECLARE @host NVARCHAR(512) = N''' + value + N'''' AS line
FROM sys.dm_hadr_fabric_config_parameters WHERE parameter_name = 'DnsRecordName'
UNION
SELECT N'DECLARE @machine NVARCHAR(512) = N''' + machine.name + N'.' + cluster.value + N''''
FROM (
    SELECT SUBSTRING(r.replica_address, 0, CHARINDEX('\', r.replica_address)) AS name,
        RIGHT(p.service_name, CHARINDEX('/', REVERSE(p.service_name)) - 1) AS application, one = 1
    FROM sys.dm_hadr_fabric_partitions p
    JOIN sys.dm_hadr_fabric_replicas r ON p.partition_id = r.partition_id
    JOIN sys.dm_hadr_fabric_nodes n ON r.node_name = n.node_name
    WHERE p.service_name LIKE '%ManagedServer%' AND r.replica_role = 2
) machine
LEFT JOIN (SELECT value, one = 1 FROM sys.dm_hadr_fabric_config_parameters WHERE parameter_name = 'ClusterName') cluster
    ON machine.one = cluster.one
INNER JOIN (SELECT [value] AS application FROM sys.dm_hadr_fabric_config_parameters
    WHERE section_name = 'SQL' AND parameter_name = 'InstanceName') instance ON machine.application = instance.application
UNION
SELECT N'DECLARE @hadr NVARCHAR(512) = N''' + value + N''''
FROM sys.dm_hadr_fabric_config_parameters WHERE parameter_name = 'HadrPort';
