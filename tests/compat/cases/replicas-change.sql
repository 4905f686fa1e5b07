-- sqlserver1
ALTER AVAILABILITY GROUP compat SET (ROLE = SECONDARY)
GO
-- sqlserver2
ALTER AVAILABILITY GROUP compat FORCE_FAILOVER_ALLOW_DATA_LOSS
GO
-- sqlserver1
ALTER DATABASE db1 SET HADR RESUME
GO
-- sqlserver2
WHILE NOT EXISTS (SELECT * FROM sys.dm_hadr_database_replica_states WHERE is_local = 0 AND synchronization_state_desc = 'SYNCHRONIZED')
    WAITFOR DELAY '00:00:00.050'
GO
-- sqlserver2
INSERT db1.dbo.served VALUES (2)
