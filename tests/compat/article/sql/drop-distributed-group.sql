-- Gone here; the other side keeps its half.
USE MASTER
GO

DROP AVAILABILITY GROUP <DAGName>
GO
