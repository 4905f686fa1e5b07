-- On the managed instance: runs the job and waits for what it has found, 90 seconds at most.
IF EXISTS(SELECT * FROM sys.objects WHERE name = 'ExecuteNetHelper')
    THROW 70001, 'There is a procedure ExecuteNetHelper already.', 1
GO
CREATE PROCEDURE ExecuteNetHelper AS
BEGIN
  DECLARE @begun datetime = getutcdate()
  DECLARE @ended datetime = null
  EXEC msdb.dbo.sp_start_job @job_name = N'NetHelper'

  WHILE (@ended is null)
  BEGIN
    WAITFOR DELAY '00:00:01'
    SELECT @ended = a.stop_execution_date
    FROM msdb.dbo.sysjobs j JOIN msdb.dbo.sysjobactivity a ON j.job_id = a.job_id
    WHERE j.name = 'NetHelper'

    IF (@ended is not null)
    BEGIN
      SELECT
        j.name JobName, l.date_modified as 'When', s.step_name as 'Step', l.log as 'Found'
      FROM
        msdb.dbo.sysjobs j
        LEFT OUTER JOIN msdb.dbo.sysjobsteps s ON j.job_id = s.job_id
        LEFT OUTER JOIN msdb.dbo.sysjobstepslogs l ON s.step_uid = l.step_uid
      WHERE
        j.name = 'NetHelper'
    END

    IF (datediff(second, @begun, getutcdate()) > 90)
    BEGIN
      SELECT 'NetHelper has taken too long.'
      BREAK;
    END
  END
END
