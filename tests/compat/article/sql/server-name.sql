-- The name a replica must carry.
SELECT @@SERVERNAME AS SQLServerName
