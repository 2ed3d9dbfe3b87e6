using ShareRpc.EndToEndTests.Attacks;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>What a backup costs those who append meanwhile. Times of acknowledgements are in milliseconds.</summary>
internal sealed record BackupFigures(
    int OpsPerSecondAsked, double OpsPerSecondBefore, double OpsPerSecondDuring, Percentiles AckBefore,
    Percentiles AckDuring, double BackupSeconds, long BackupBytes, long AckedBefore, long OpsInBackup, long Acked,
    long OpsOnServer, bool IsBackupSound)
{
    /// <summary>Gets whether the backup is whole, as of one moment, and nothing acknowledged is gone.</summary>
    public bool IsPassed =>
        IsBackupSound && OpsInBackup >= AckedBefore && OpsInBackup <= OpsOnServer && OpsOnServer == Acked;
}
