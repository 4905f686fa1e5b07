-- On SQL Server: a job that tries the instance's port 5022 and then the one of its node, and what it has found.
<ProbeParameters>
IF EXISTS (SELECT job_id FROM msdb.dbo.sysjobs_view WHERE name = N'ProbeInstance')
    EXEC msdb.dbo.sp_delete_job @job_name = N'ProbeInstance', @delete_unused_schedule = 1

DECLARE @job BINARY(16), @text NVARCHAR(MAX)
EXEC msdb.dbo.sp_add_job @job_name = N'ProbeInstance', @enabled = 1, @job_id = @job OUTPUT

SET @text = (N'tnc ' + @host + N' -port 5022 | select ComputerName, RemoteAddress, TcpTestSucceeded | Format-List')
EXEC msdb.dbo.sp_add_jobstep @job_id = @job, @step_name = N'gateway', @step_id = 1, @cmdexec_success_code = 0,
    @on_success_action = 3, @on_fail_action = 3, @subsystem = N'PowerShell', @command = @text, @database_name = N'master'

SET @text = (N'tnc ' + @machine + N' -port ' + @hadr + ' | select ComputerName, RemoteAddress, TcpTestSucceeded | Format-List')
EXEC msdb.dbo.sp_add_jobstep @job_id = @job, @step_name = N'node', @step_id = 2, @cmdexec_success_code = 0,
    @subsystem = N'PowerShell', @command = @text, @database_name = N'master'

EXEC msdb.dbo.sp_add_jobserver @job_id = @job, @server_name = N'(local)'
GO
EXEC msdb.dbo.sp_start_job @job_name = N'ProbeInstance'
GO
DECLARE @outcome INT
SET @outcome = 10
WHILE (@outcome >= 4)
BEGIN
    SELECT DISTINCT @outcome = run_status
    FROM [msdb].[dbo].[sysjobhistory] H JOIN [msdb].[dbo].[sysjobs] J ON H.job_id = J.job_id
    WHERE J.name = N'ProbeInstance' AND step_id = 0
    WAITFOR DELAY '00:00:05';
END

SELECT [step_name],
    SUBSTRING([message], CHARINDEX('TcpTestSucceeded', [message]), CHARINDEX('Process Exit', [message]) - CHARINDEX('TcpTestSucceeded', [message])) AS tested,
    SUBSTRING([message], CHARINDEX('RemoteAddress', [message]), CHARINDEX('TcpTestSucceeded', [message]) - CHARINDEX('RemoteAddress', [message])) AS address,
    [run_status], [run_duration]
FROM [msdb].[dbo].[sysjobhistory] H JOIN [msdb].[dbo].[sysjobs] J ON H.job_id = J.job_id
WHERE J.name = N'ProbeInstance' AND step_id <> 0
