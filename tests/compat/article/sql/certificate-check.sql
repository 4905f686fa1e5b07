-- Only a certificate whose private key the master key protects is listed.
USE MASTER
GO
SELECT * FROM sys.certificates WHERE pvt_key_encryption_type = 'MK'
