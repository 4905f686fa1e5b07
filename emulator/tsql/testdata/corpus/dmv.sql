SELECT * FROM sys.availability_groups
GO
SELECT ag.name, ag.is_distributed, ar.replica_server_name, ar.availability_mode_desc, ars.role_desc, ars.connected_state_desc, ars.synchronization_health_desc
FROM sys.availability_groups ag
JOIN sys.availability_replicas ar ON ag.group_id = ar.group_id
LEFT JOIN sys.dm_hadr_availability_replica_states AS ars ON ar.replica_id = ars.replica_id
WHERE ag.is_distributed = 1
GO
SELECT ag.name, drs.database_id, db_name(drs.database_id) AS database_name, drs.group_id, drs.replica_id, drs.synchronization_state_desc, drs.last_hardened_lsn, drs.end_of_log_lsn
FROM sys.dm_hadr_database_replica_states drs
INNER JOIN sys.availability_groups ag ON drs.group_id = ag.group_id
WHERE drs.is_local = 1 ORDER BY ag.name, drs.database_id DESC
GO
SELECT local_database_name, role_desc, internal_state_desc, transfer_rate_bytes_per_second / 1024 / 1024.0 AS [MB/s], transferred_size_bytes * 100.0 / NULLIF(database_size_bytes, 0) AS pct, start_time_utc, estimate_time_complete_utc
FROM sys.dm_hadr_physical_seeding_stats
GO
SELECT start_time, completion_time, is_source, current_state, failure_state, failure_state_desc, number_of_attempts FROM sys.dm_hadr_automatic_seeding ORDER BY start_time DESC
GO
SELECT name, type_desc, state_desc, role_desc, connection_auth_desc, is_encryption_enabled, encryption_algorithm_desc FROM sys.database_mirroring_endpoints
GO
SELECT e.name, e.port, l.ip_address, l.state_desc FROM sys.tcp_endpoints e CROSS JOIN sys.dm_tcp_listener_states l WHERE e.type = 4 AND l.type_desc = 'DATABASE_MIRRORING'
GO
SELECT name, certificate_id, pvt_key_encryption_type_desc, subject, expiry_date, thumbprint FROM master.sys.certificates WHERE name NOT LIKE '##%'
GO
SELECT * FROM sys.symmetric_keys WHERE symmetric_key_id = 101
GO
SELECT d.name, d.recovery_model_desc, d.state_desc, d.is_read_only, d.replica_id, d.group_database_id FROM sys.databases d WHERE d.database_id > 4
GO
SELECT TOP (1) bs.database_name, bs.type, bs.is_copy_only, bs.backup_finish_date, bmf.physical_device_name
FROM msdb.dbo.backupset bs JOIN msdb..backupmediafamily bmf ON bs.media_set_id = bmf.media_set_id
WHERE bs.database_name = N'db1' ORDER BY bs.backup_finish_date DESC
GO
SELECT session_id, login_name, host_name, program_name, status FROM sys.dm_exec_sessions WITH (NOLOCK) WHERE is_user_process = 1
GO
SELECT r.session_id, t.text FROM sys.dm_exec_requests r CROSS APPLY sys.dm_exec_sql_text(r.sql_handle) AS t
GO
SELECT r.session_id, SUBSTRING(t.text, (r.statement_start_offset / 2) + 1, ((CASE r.statement_end_offset WHEN -1 THEN DATALENGTH(t.text) ELSE r.statement_end_offset END - r.statement_start_offset) / 2) + 1) AS stmt
FROM sys.dm_exec_requests r OUTER APPLY sys.dm_exec_sql_text(r.sql_handle) t
GO
SELECT name, value, value_in_use FROM sys.configurations WHERE name LIKE N'%hadr%' OR configuration_id IN (1, 2, 3)
GO
SELECT cluster_name, quorum_type_desc FROM sys.dm_hadr_cluster
SELECT * FROM sys.dm_hadr_cluster_members
GO
SELECT name, description FROM ::fn_helpcollations() WHERE name LIKE 'Latin1%'
GO
SELECT SCHEMA_NAME(o.schema_id) + '.' + o.name, c.name, ty.name, c.max_length, c.is_nullable, c.is_identity
FROM sys.objects AS o INNER JOIN sys.columns AS c ON c.object_id = o.object_id INNER JOIN sys.types AS ty ON ty.user_type_id = c.user_type_id
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 ORDER BY 1, c.column_id
GO
SELECT object_name(i.object_id), i.name, i.type_desc, SUM(p.rows) FROM sys.indexes i JOIN sys.partitions p ON i.object_id = p.object_id AND i.index_id = p.index_id GROUP BY object_name(i.object_id), i.name, i.type_desc HAVING SUM(p.rows) > 0
GO
SELECT counter_name, cntr_value FROM sys.dm_os_performance_counters WHERE object_name LIKE '%Database Replica%' AND instance_name = 'db1'
GO
SELECT wait_type, waiting_tasks_count FROM sys.dm_os_wait_stats WHERE wait_type LIKE 'HADR[_]%' ESCAPE '\'
GO
SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE'
GO
SELECT p.class_desc, p.permission_name, p.state_desc, pr.name FROM sys.server_permissions p JOIN sys.server_principals pr ON p.grantee_principal_id = pr.principal_id WHERE p.class = 105
GO
SELECT DATABASEPROPERTYEX('db1', 'Status'), sys.fn_hadr_is_primary_replica('db1'), HAS_DBACCESS(N'db1')
GO
DECLARE @dag sysname = N'Link01'
SELECT ag.name, drs.synchronization_state_desc, CASE WHEN drs.last_hardened_lsn = drs.last_commit_lsn THEN 1 ELSE 0 END AS caught_up
FROM sys.availability_groups AS ag, sys.dm_hadr_database_replica_states AS drs
WHERE ag.group_id = drs.group_id AND ag.name = @dag
GO
