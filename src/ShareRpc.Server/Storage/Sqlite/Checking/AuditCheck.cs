using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite.Checking;

/// <summary>Checks that the audit trail is what was sealed; entries of the last second have no seal yet.</summary>
internal static class AuditCheck
{
    /// <param name="run">The check.</param>
    /// <param name="keys">Null: signatures are not verified.</param>
    public static void Run(CheckRun run, AuditKeys? keys)
    {
        run.Report("audit trail");
        if (run.Number("SELECT COUNT(*) FROM sqlite_master WHERE name = 'audit_seal'") == 0) return;
        long after = 0;
        byte[] digest = [];
        foreach (Rows anchor in run.Rows("SELECT last, digest FROM audit_anchor"))
            (after, digest) = (anchor.Number(0), anchor.Blob(1).ToArray());
        if (digest.Length > 0 && keys?.IsSignedRemoval(digest) == false)
            run.Find("audit", null, $"entries up to {after} were not removed by this server");
        if (run.Number("SELECT COUNT(*) FROM audit WHERE position <= ?1", after) > 0)
            run.Find("audit", null, $"there are entries before {after + 1}, where the trail begins");
        foreach (Rows seal in run.Rows("SELECT first, last, digest FROM audit_seal ORDER BY last"))
        {
            (long first, long last) = (seal.Number(0), seal.Number(1));
            using var chain = new AuditChain(digest);
            foreach (Rows entry in run.Rows(AuditEntries.Sql, after, last, long.MaxValue)) chain.Add(entry);
            (after, digest) = (last, seal.Blob(2).ToArray());
            if (!chain.Fits(new AuditSeal(first, last, 0, digest)) || keys?.IsSigned(digest) == false)
                run.Find("audit", null, $"entries {first} to {last} are not what was sealed");
        }

        long newest = run.Number("SELECT seq FROM sqlite_sequence WHERE name = 'audit'");
        long known = Math.Max(after, run.Number("SELECT MAX(position) FROM audit"));
        if (known < newest) run.Find("audit", null, $"entries {known + 1} to {newest} are missing at the end");
    }
}
