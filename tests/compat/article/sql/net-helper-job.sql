-- On the managed instance: a job that tries SQL Server's mirroring port.
DECLARE @address NVARCHAR(MAX) = '<SQLServerIP>'
DECLARE @text NVARCHAR(MAX) = 'tnc ' + @address + ' -port 5022 -InformationLevel Quiet'
DECLARE @job BINARY(16)

IF EXISTS(SELECT * FROM msdb.dbo.sysjobs WHERE name = 'NetHelper') THROW 70000, 'There is a job NetHelper already.', 1

EXEC msdb.dbo.sp_add_job @job_name=N'NetHelper',
    @enabled=1,
    @description=N'Tries port 5022 of SQL Server.',
    @category_name=N'[Uncategorized (Local)]',
    @owner_login_name=N'<JobOwner>', @job_id = @job OUTPUT

EXEC msdb.dbo.sp_add_jobstep @job_id=@job, @step_name=N'tries the port',
    @step_id=1,
    @os_run_priority=0, @subsystem=N'PowerShell',
    @command = @text,
    @database_name=N'master',
    @flags=40

EXEC msdb.dbo.sp_update_job @job_id = @job, @start_step_id = 1

EXEC msdb.dbo.sp_add_jobserver @job_id = @job, @server_name = N'(local)'
