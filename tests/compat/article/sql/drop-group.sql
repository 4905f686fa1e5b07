-- The group itself.
DROP AVAILABILITY GROUP <AGName>
GO
