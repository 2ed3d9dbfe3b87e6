using Microsoft.Data.Sqlite;
using ShareRpc.Protocol.Errors;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Sqlite;
using SQLitePCL;

namespace ShareRpc.Tests.Server.Storage.Sqlite;

/// <summary>Counts steps of SQLite's virtual machine, which do not depend on the machine.</summary>
public sealed class AuditReadsTests : IDisposable
{
    private const int Entries = 50_000;
    private const string Rare = "0000000000000000000rar";

    private readonly Statements statements;
    private long steps;

    public AuditReadsTests()
    {
        SqliteFile.ConfigureProcess();
        var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        statements = new Statements(connection);
        SqliteShareStore.Schema.Apply(connection, "shares.db", "stop");
        SqliteFile.Execute(connection, $"""
            INSERT INTO sturdy_ref
              (ref_key, cap_id, parent_epoch, depth, rights, caveats, epoch, verifier, created_ms, uses)
              SELECT value, iif(value = 1, '0000000000000000000one', '{Rare}'), 1, 0, 0, '', 1, x'00', 0, 0
              FROM json_each('[1, 2]');
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Entries})
            INSERT INTO audit (time_ms, action, actor_key, share_key, subject_key, address, code, count)
            SELECT i * 60000, iif(i % 10000 = 7, 'rotate', 'redeem'), iif(i % 10000 = 7, 2, 1),
              iif(i % 10000 = 7, 2, 1), iif(i % 10000 = 8, 2, NULL), iif(i % 10000 = 7, 'rare', 'proxy'),
              iif(i % 10000 = 7, -32010, NULL), 1 FROM n;
            """);
        raw.sqlite3_progress_handler(connection.Handle!, 1, _ => (int)(steps++ & 0), null);
    }

    public void Dispose() => statements.Dispose();

    [Theory]
    [InlineData("cap")]
    [InlineData("share")]
    [InlineData("action")]
    [InlineData("address")]
    [InlineData("code")]
    [InlineData("since")]
    [InlineData("until")]
    [InlineData("hour")]
    [InlineData("cap, action and hours")]
    public void A_filter_that_finds_little_reads_little_of_the_trail(string name)
    {
        var code = (ErrorCode)(-32010);
        (RefScope scope, AuditFilter filter) = name switch
        {
            "cap" => (default(RefScope), new AuditFilter(CapId: Rare)),
            "share" => (new RefScope(2, null), AuditFilter.None),
            "action" => (default, new AuditFilter(Action: "rotate")),
            "address" => (default, new AuditFilter(Address: "rare")),
            "code" => (default, new AuditFilter(Code: code)),
            "since" => (default, new AuditFilter(SinceMs: (Entries - 5) * 60_000L)),
            "until" => (default, new AuditFilter(UntilMs: 5 * 60_000L)),
            "hour" => (default, new AuditFilter(SinceMs: 20_000 * 60_000L, UntilMs: 20_010 * 60_000L)),
            _ => (default, new AuditFilter(Rare, "rotate", SinceMs: 0, UntilMs: 100_000 * 60_000L)),
        };
        foreach (bool newestFirst in (bool[])[false, true])
        {
            steps = 0;
            AuditFilter bounded = filter with { Examined = 20_000 };
            AuditRows page = new AuditReads(statements, scope, bounded, 0, 200, newestFirst).Read();
            Assert.InRange(page.Entries.Count, 4, 10);
            Assert.Null(page.Next);
            Assert.InRange(steps, 1, 20_000); // reading all entries takes some 400,000
        }
    }

    [Fact]
    public void A_page_examines_a_bounded_number_of_entries_and_tells_where_to_go_on()
    {
        var filter = new AuditFilter(Action: "rotate", Address: "proxy", Examined: 1_000); // matches nothing
        var common = new AuditFilter(Action: "redeem", Address: "rare", Examined: 1_000);
        Assert.Null(Read(filter with { Address = "rare", Action = "redeem" }).Next);
        AuditRows page = Read(filter);
        Assert.Empty(page.Entries);
        Assert.Equal(Entries - 1_000 + 1, page.Next);
        Assert.InRange(steps, 1, 60_000);
        int pages = 1;
        for (; page.Next is { } after; pages++) page = Read(filter, after);
        Assert.Equal(Entries / 1_000, pages);
        Assert.Empty(Read(common).Entries);
    }

    private AuditRows Read(AuditFilter filter, long after = 0)
    {
        steps = 0;
        return new AuditReads(statements, default, filter, after, 200, newestFirst: true).Read();
    }
}
