using System.Diagnostics;
using System.Text;
using SQLitePCL;
using ShareRpc.Benchmarks.Load;

namespace ShareRpc.Benchmarks.Floors;

/// <summary>
/// What SQLite itself can do with the same ops: one table, op ids unique in their share, WAL, an fsync in every commit,
/// one thread, no network, the C API without a layer over it. Op ids are UUIDv7, which rise with time, or random ones
/// of the same kind as in the fixtures of <c>PERFORMANCE.md</c>.
/// </summary>
internal sealed class RawSqlite : IDisposable
{
    private readonly DirectoryInfo directory;
    private const string RandomPrefix = "01J";
    private const int RandomDigits = 23;
    private readonly OpBodies bodies;
    private readonly bool areIdsRandom;
    private readonly sqlite3 database;
    private readonly sqlite3_stmt begin;
    private readonly sqlite3_stmt commit;
    private readonly sqlite3_stmt insert;
    private long cursor;
    private ulong state = 12_345;

    /// <summary>In a directory that it deletes at the end; by default one of its own.</summary>
    public RawSqlite(OpBodies bodies, bool areIdsRandom, DirectoryInfo? place = null)
    {
        directory = place ?? Directory.CreateTempSubdirectory("sharerpc-floor-");
        this.bodies = bodies;
        this.areIdsRandom = areIdsRandom;
        Batteries_V2.Init();
        raw.sqlite3_open(Path.Combine(directory.FullName, "floor.db"), out database);
        Execute("PRAGMA journal_mode=WAL");
        Execute("PRAGMA synchronous=FULL");
        Execute("PRAGMA cache_size=-65536");
        Execute("CREATE TABLE op (share INTEGER, cursor INTEGER, op_id TEXT, data BLOB, PRIMARY KEY (share, cursor)) "
            + "WITHOUT ROWID");
        Execute("CREATE UNIQUE INDEX op_id_once ON op (share, op_id)");
        begin = Prepare("BEGIN IMMEDIATE");
        commit = Prepare("COMMIT");
        insert = Prepare("INSERT INTO op VALUES (?, ?, ?, ?) ON CONFLICT (share, op_id) DO NOTHING");
    }

    /// <summary>The version of the library, which is the server's too.</summary>
    public static string Version
    {
        get
        {
            Batteries_V2.Init();
            return raw.sqlite3_libversion().utf8_to_string();
        }
    }

    /// <summary>Ops a second over this time, so many in a transaction, spread over so many shares.</summary>
    public double Measure(int opsPerTransaction, int shares, TimeSpan time)
    {
        long begun = Stopwatch.GetTimestamp();
        long ops = 0;
        while (Stopwatch.GetElapsedTime(begun) < time)
        {
            Step(begin);
            for (int i = 0; i < opsPerTransaction; i++) Insert(i * shares / opsPerTransaction, bodies[cursor + 1].Span);
            Step(commit);
            ops += opsPerTransaction;
        }

        return ops / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>One op with this as its data, in a transaction of its own.</summary>
    public void Store(ReadOnlySpan<byte> data)
    {
        Step(begin);
        Insert(share: 0, data);
        Step(commit);
    }

    public void Dispose()
    {
        foreach (sqlite3_stmt statement in new[] { begin, commit, insert }) statement.Dispose();
        database.Dispose();
        directory.Delete(recursive: true);
    }

    private void Insert(int share, ReadOnlySpan<byte> data)
    {
        Span<byte> opId = stackalloc byte[36];
        opId = opId[..WriteOpId(opId)];
        raw.sqlite3_bind_int(insert, 1, share);
        raw.sqlite3_bind_int64(insert, 2, ++cursor);
        raw.sqlite3_bind_text(insert, 3, opId);
        raw.sqlite3_bind_blob(insert, 4, data);
        Step(insert);
    }

    private int WriteOpId(Span<byte> opId)
    {
        if (!areIdsRandom)
        {
            Guid.CreateVersion7().TryFormat(opId, out int length);
            return length;
        }

        int written = Encoding.UTF8.GetBytes(RandomPrefix, opId);
        ulong bits = 0;
        for (int digit = 0; digit < RandomDigits; digit++, bits >>= 4)
        {
            if (digit % 16 == 0) bits = NextRandom();
            opId[written++] = "0123456789ABCDEF"u8[(int)(bits & 15)];
        }

        return written;
    }

    /// <summary>SplitMix64: cheap, and the same in every run.</summary>
    private ulong NextRandom()
    {
        ulong mixed = state += 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    private static void Step(sqlite3_stmt statement)
    {
        int result = raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement);
        if (result is not (raw.SQLITE_DONE or raw.SQLITE_ROW)) throw new IOException($"SQLite answered {result}.");
    }

    private sqlite3_stmt Prepare(string sql)
    {
        raw.sqlite3_prepare_v2(database, Encoding.UTF8.GetBytes(sql + "\0"), out sqlite3_stmt statement);
        return statement;
    }

    private void Execute(string sql)
    {
        if (raw.sqlite3_exec(database, sql) != raw.SQLITE_OK)
            throw new IOException(raw.sqlite3_errmsg(database).utf8_to_string());
    }
}
