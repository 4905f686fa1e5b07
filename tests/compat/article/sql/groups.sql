-- Both groups.
SELECT * FROM sys.availability_groups
