-- All certificates.
SELECT * FROM sys.certificates
