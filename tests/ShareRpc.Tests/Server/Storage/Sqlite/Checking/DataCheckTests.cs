using System.Text;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite.Checking;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Storage.Sqlite.Checking;

public sealed class DataCheckTests
{
    [Fact]
    public async Task A_sound_directory_has_no_findings_and_is_counted()
    {
        using CheckedDirectory directory = await CheckedDirectory.MakeAsync();
        CheckReport report = directory.Check();
        Assert.Empty(report.Findings);
        Assert.Equal((1, 8, 2, 1), (report.Shares, report.Ops, report.Documents, report.Writers));
        Assert.False(report.HasMore);
    }

    [Theory]
    [InlineData("DELETE FROM op WHERE cursor = 3", "cursor 3 is missing")]
    [InlineData("DELETE FROM op WHERE cursor IN (1, 2)", "cursors 1 to 2 are missing")]
    [InlineData(
        "UPDATE op SET seq = 99 WHERE seq = 1; UPDATE op SET seq = 1 WHERE seq = 2; UPDATE op SET seq = 2 WHERE seq = "
            + "99",
        "op 2 has seq 1 of its writer, after seq 2")]
    [InlineData("UPDATE op SET writer_key = NULL WHERE cursor = 1",
        "op 1 has a seq without a writer, or a writer without a seq")]
    [InlineData("UPDATE op SET verb = 'toss' WHERE cursor = 1", "op 1 has an unknown verb")]
    [InlineData("DELETE FROM rejection WHERE seq = 9", "seqs 9 to 9 of writer")]
    [InlineData("DELETE FROM rejection WHERE seq = 10", "seqs 10 to 10 of writer")]
    [InlineData("UPDATE writer SET acked_seq = 9", "its watermark is 9")]
    [InlineData("UPDATE rejection SET seq = 8 WHERE seq = 9", "seq 8 of writer")]
    public Task Invariant_I1_a_cursor_or_a_seq_that_is_not_there_exactly_once_is_found(string damage, string says) =>
        FindsAsync(damage, "I1", says);

    [Theory]
    [InlineData("I2", "op id op1 was applied at 1 and at 9")]
    [InlineData("schema", "rejection_op_id is missing")]
    public Task Invariant_I2_an_op_id_that_is_there_twice_is_found(string rule, string says) =>
        FindsAsync(
        """
        DROP INDEX rejection_op_id;
        INSERT INTO op SELECT 9, share_key, 9, op_id, digest, NULL, NULL, verb, kind, key, data, actor_key, time_ms,
          schema_version, class, class_before
        FROM op WHERE cursor = 1
        """, rule, says);

    [Theory]
    [InlineData("UPDATE writer SET run_count = 7", "op 8, seq 8 of writer")]
    [InlineData("UPDATE writer SET run_count = 9", "of the 9 ops that a run of writer")]
    [InlineData("UPDATE writer SET run_cursor = 2", "op 1, seq 1 of writer")]
    [InlineData("UPDATE writer SET run_seq = 2", "op 2, seq 2 of writer")]
    [InlineData("INSERT INTO writer_run SELECT writer_key, 3, 3, 2 FROM writer", "of the 2 ops that a run of writer")]
    public Task Invariant_I2_a_run_that_does_not_lead_to_its_ops_is_found(string damage, string says) =>
        FindsAsync(damage, "I2", says);

    [Theory]
    [InlineData("DELETE FROM known_id", "the id of op 1 is not known")]
    [InlineData("UPDATE known_id SET cursor = 8 WHERE cursor = 1", "an id is known as that of op 8")]
    [InlineData("UPDATE known_id SET cursor = 99 WHERE cursor = 1", "an id is known as that of op 99")]
    public Task Invariant_I2_ids_that_are_not_known_as_those_of_their_ops_are_found(string damage, string says) =>
        FindsAsync(damage, "I2", says);

    [Fact]
    public Task Invariant_I2_a_duplicate_of_nothing_is_found() =>
        FindsAsync("UPDATE rejection SET cursor = 9 WHERE code IS NULL", "I2",
            "op id op9 is a duplicate of cursor 9, which is not there");

    [Theory]
    [InlineData("UPDATE doc SET data = '{}' WHERE key = 'c'",
        "document part c: as of 8 it is not what the log makes of it up to 8")]
    [InlineData("UPDATE doc SET cursor = 4 WHERE key = 'a'",
        "document part a: as of 4 it is not what the log makes of it up to 5")]
    [InlineData("DELETE FROM doc WHERE key = 'a'", "document part a: it is missing: it was written at 5")]
    [InlineData("INSERT INTO doc VALUES (1, 'part', 'b', 7, '{}', 2, 0)",
        "document part b: it was removed at 7, and is there")]
    [InlineData("INSERT INTO doc VALUES (1, 'part', 'z', 7, '{}', 2, 0)",
        "document part z: no op up to the checkpoint made it what it is")]
    [InlineData("UPDATE share SET folded = 9", "the checkpoint is at 9, beyond the head 8")]
    [InlineData("UPDATE op SET data = NULL WHERE cursor = 2", "op 2 has lost its data")]
    public Task A_document_that_is_not_the_fold_of_the_log_is_found(string damage, string says) =>
        FindsAsync(damage, "fold", says);

    [Fact]
    public async Task Data_that_compaction_may_drop_is_no_finding_and_other_data_is()
    {
        using CheckedDirectory directory = await CheckedDirectory.MakeAsync();
        directory.Damage("UPDATE share SET compacted = 6; UPDATE op SET data = NULL WHERE cursor IN (1, 2, 3, 4, 6)");
        Assert.Empty(directory.Check().Findings);
        directory.Damage("UPDATE op SET data = NULL WHERE cursor IN (5, 8)");
        Assert.Equal(
            ["op 8 has lost its data", "document part a: op 5, its last one, has lost its data"],
            directory.Check().Findings.Select(finding => finding.Message));
    }

    [Theory]
    [InlineData("UPDATE op SET actor_key = 99 WHERE cursor = 1",
        "op 1 is of a capability that is not there: no reader sees it")]
    [InlineData("UPDATE op SET writer_key = 99 WHERE cursor = 1", "op 1 is of a writer that this share does not have")]
    [InlineData("UPDATE rejection SET writer_key = 99", "2 rejections are of writers that this share does not have")]
    [InlineData("UPDATE share SET owner_ref_key = 99", "the capability of its owner or its creator is not there")]
    [InlineData("UPDATE sturdy_ref SET parent_key = 99 WHERE parent_key IS NOT NULL", "has no parent row")]
    [InlineData("UPDATE sturdy_ref SET share_key = 99 WHERE parent_key IS NOT NULL", "is on a share that is not there")]
    [InlineData("UPDATE sturdy_ref SET parent_key = 1", "there are 0 root capabilities instead of one")]
    [InlineData("UPDATE writer SET share_key = 99", "writer has rows of share number 99, which is not there")]
    [InlineData("UPDATE doc SET share_key = 99", "doc has rows of share number 99, which is not there")]
    public Task A_row_that_names_what_is_not_there_is_found(string damage, string says) =>
        FindsAsync(damage, "reference", says);

    [Theory]
    [InlineData("PRAGMA user_version = 9999", "is newer than this sharerpc knows")]
    [InlineData("DROP TABLE audit", "audit is missing")]
    [InlineData("ALTER TABLE audit ADD COLUMN more", "audit is not what version")]
    [InlineData("PRAGMA user_version = 0", "the file is no database of a share server")]
    public Task A_schema_that_no_migration_makes_is_found(string damage, string says) =>
        FindsAsync(damage, "schema", says);

    [Theory]
    [InlineData(null, "is missing")]
    [InlineData("short", "is damaged")]
    public async Task A_key_file_that_is_missing_or_damaged_is_found(string? content, string says)
    {
        using CheckedDirectory directory = await CheckedDirectory.MakeAsync();
        string key = Path.Combine(directory.Path, "keys", "token.key");
        if (content is null) File.Delete(key);
        else await File.WriteAllTextAsync(key, content);
        Assert.Contains(
            directory.Check().Findings,
            finding => finding.Rule == "file" && finding.Message.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_page_is_found_and_the_rest_is_checked_all_the_same()
    {
        using CheckedDirectory directory = await CheckedDirectory.MakeAsync();
        directory.Damage("PRAGMA wal_checkpoint(TRUNCATE)");
        directory.Damage("CREATE TEMP TABLE t AS SELECT 1");
        string database = Path.Combine(directory.Path, "shares.db");
        byte[] bytes = await File.ReadAllBytesAsync(database);
        int row = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes("""{"text":"one"}"""));
        int page = row / 4096 * 4096;
        await using (var file = new FileStream(database, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = page;
            file.Write(Enumerable.Repeat((byte)0xEE, 4096).ToArray());
        }

        CheckReport report = directory.Check();

        Assert.True(row > 0);
        Assert.Contains(report.Findings, finding => finding is { Rule: "file", ShareId: null });
        Assert.Contains(report.Findings, finding => finding.ShareId == directory.ShareId);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_a_finding_and_none_at_all_is_an_error()
    {
        using var directory = new TemporaryDirectory();
        var refused =
            Assert.Throws<StorageException>(() => DataCheck.Run(directory.Path, null, CancellationToken.None));
        Assert.Contains("--data", refused.Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(directory["shares.db"], new string('x', 10_000));
        CheckReport report = DataCheck.Run(directory.Path, null, CancellationToken.None);
        Assert.Contains(report.Findings,
            finding => finding.Message.Contains("a damaged page was met", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_check_changes_nothing_and_says_how_far_it_is()
    {
        using CheckedDirectory directory = await CheckedDirectory.MakeAsync();
        string database = Path.Combine(directory.Path, "shares.db");
        byte[] before = await File.ReadAllBytesAsync(database);
        var said = new Steps();
        DataCheck.Run(directory.Path, said, CancellationToken.None);
        Assert.Equal(before, await File.ReadAllBytesAsync(database));
        Assert.Contains("pages and indexes", said.Names);
        Assert.Contains("shares", said.Names);
    }

    [Fact]
    public async Task A_check_that_is_stopped_gives_no_report()
    {
        using CheckedDirectory directory = await CheckedDirectory.MakeAsync();
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();
        Assert.Throws<OperationCanceledException>(() => DataCheck.Run(directory.Path, null, stopped.Token));
    }

    [Fact]
    public async Task Findings_are_bounded_and_the_report_says_that_there_are_more()
    {
        using CheckedDirectory directory = await CheckedDirectory.MakeAsync();
        directory.Damage("""
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
            INSERT INTO doc SELECT 1, 'part', 'z' || i, 7, '{}', 2, 0 FROM n
            """);
        CheckReport report = directory.Check();
        Assert.Equal(1_000, report.Findings.Count);
        Assert.True(report.HasMore);
    }

    private static async Task FindsAsync(string damage, string rule, string says)
    {
        using CheckedDirectory directory = await CheckedDirectory.MakeAsync();
        directory.Damage(damage);
        IReadOnlyList<CheckFinding> findings = directory.Check().Findings;
        Assert.True(
            findings.Any(finding => finding.Rule == rule && finding.Message.Contains(says, StringComparison.Ordinal)),
            string.Join('\n', findings));
    }

    private sealed class Steps : IProgress<CheckProgress>
    {
        public HashSet<string> Names { get; } = [];

        public void Report(CheckProgress value) => Names.Add(value.Step);
    }
}
