namespace ShareRpc.Server.Storage.Postgres.Checking;

/// <summary>What no row may show. Each statement returns the share's id, or null, and what is put into the message.
/// </summary>
internal static class PostgresRules
{
    public static IReadOnlyList<(string Rule, string Message, string Sql)> All { get; } =
    [
        ("reference", "there are {0} root capabilities instead of one",
            "SELECT NULL, count(*)::text FROM sturdy_ref WHERE parent_key IS NULL HAVING count(*) <> 1"),
        ("reference", "capability {0} has no parent row",
            """
            SELECT NULL, r.cap_id FROM sturdy_ref r WHERE r.parent_key IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM sturdy_ref p WHERE p.ref_key = r.parent_key)
            """),
        ("reference", "capability {0} is on a share that is not there",
            """
            SELECT NULL, r.cap_id FROM sturdy_ref r WHERE r.share_key IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM share s WHERE s.share_key = r.share_key)
            """),
        ("reference", "the capability of its owner or its creator is not there",
            """
            SELECT s.share_id, '' FROM share s
            WHERE NOT EXISTS (SELECT 1 FROM sturdy_ref o WHERE o.ref_key = s.owner_ref_key)
              OR NOT EXISTS (SELECT 1 FROM sturdy_ref c WHERE c.ref_key = s.creator_key)
            """),
        ("reference", "there are rows of share number {0}, which is not there",
            """
            SELECT NULL, t.share_key::text FROM (
              SELECT DISTINCT share_key FROM op UNION SELECT DISTINCT share_key FROM doc
              UNION SELECT DISTINCT share_key FROM rejection UNION SELECT DISTINCT share_key FROM writer) t
            WHERE NOT EXISTS (SELECT 1 FROM share s WHERE s.share_key = t.share_key)
            """),
        ("I1", "the cursors {0} are not 1 to the head without gaps",
            """
            SELECT s.share_id, concat(min(o.cursor), ' to ', max(o.cursor), ' of ', count(o.cursor), ', head ', s.head)
            FROM share s LEFT JOIN op o ON o.share_key = s.share_key WHERE s.state <> 2
            GROUP BY s.share_key HAVING count(o.cursor) <> s.head OR COALESCE(max(o.cursor), 0) <> s.head
            """),
        ("I1", "the seqs of writer {0} do not rise with their cursors",
            """
            SELECT s.share_id, w.writer_id FROM (
              SELECT writer_key, seq, lag(seq) OVER (PARTITION BY writer_key ORDER BY cursor) AS before FROM op
              WHERE writer_key IS NOT NULL) o
            JOIN writer w ON w.writer_key = o.writer_key JOIN share s ON s.share_key = w.share_key
            WHERE o.seq <= o.before GROUP BY s.share_id, w.writer_id
            """),
        ("I2", "writer {0} has not one record for each seq up to its watermark",
            """
            SELECT s.share_id, w.writer_id FROM writer w JOIN share s ON s.share_key = w.share_key
            LEFT JOIN LATERAL (SELECT count(*) AS n, count(DISTINCT seq) AS d, max(seq) AS last FROM (
              SELECT seq FROM op o WHERE o.share_key = w.share_key AND o.writer_key = w.writer_key
              UNION ALL SELECT seq FROM rejection r WHERE r.writer_key = w.writer_key) seqs) k ON true
            WHERE s.state <> 2 AND (k.n <> w.acked_seq OR k.d <> w.acked_seq OR COALESCE(k.last, 0) <> w.acked_seq)
            """),
        ("I2", "writer {0} has runs that are not those of its ops",
            """
            SELECT s.share_id, w.writer_id FROM writer w JOIN share s ON s.share_key = w.share_key
            WHERE s.state <> 2 AND (
              (SELECT COALESCE(sum(count), 0) FROM writer_run r WHERE r.writer_key = w.writer_key) + w.run_count
                <> (SELECT count(*) FROM op o WHERE o.share_key = w.share_key AND o.writer_key = w.writer_key)
              OR EXISTS (SELECT 1 FROM (
                SELECT seq, cursor, count FROM writer_run r WHERE r.writer_key = w.writer_key
                UNION ALL SELECT w.run_seq, w.run_cursor, w.run_count WHERE w.run_count > 0) r
                LEFT JOIN op o ON o.share_key = w.share_key AND o.cursor = r.cursor
                WHERE o.writer_key IS DISTINCT FROM w.writer_key OR o.seq IS DISTINCT FROM r.seq))
            """),
        ("fold", "the checkpoint is at {0}, after the head",
            "SELECT share_id, folded::text FROM share WHERE state <> 2 AND folded > head"),
        ("fold", "{0} is of an op after the checkpoint",
            """
            SELECT s.share_id, concat(d.kind, ' ', d.key) FROM doc d JOIN share s ON s.share_key = d.share_key
            WHERE d.cursor > s.folded AND s.state <> 2
            """),
        ("audit", "there are entries before {0}, where the trail begins",
            """
            SELECT NULL, (a.last + 1)::text FROM audit_anchor a
            WHERE EXISTS (SELECT 1 FROM audit e WHERE e.position <= a.last)
            """),
    ];
}
