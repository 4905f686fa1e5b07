-- The key that protects private keys of certificates in master.
USE MASTER
IF NOT EXISTS (SELECT * FROM sys.symmetric_keys WHERE symmetric_key_id = 101)
BEGIN
    PRINT 'Making the master key.' + CHAR(13) + 'Its password is a secret.'
    CREATE MASTER KEY ENCRYPTION BY PASSWORD = '<strong_password>'
END
ELSE
    PRINT 'There is a master key.'
GO
