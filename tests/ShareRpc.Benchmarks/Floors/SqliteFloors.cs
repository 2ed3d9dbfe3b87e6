using ShareRpc.Benchmarks.Load;

namespace ShareRpc.Benchmarks.Floors;

/// <summary>Plain SQLite twice, on files of their own: with op ids that rise with time, and with random ones.</summary>
internal sealed class SqliteFloors(OpBodies bodies) : IDisposable
{
    private readonly RawSqlite ordered = new(bodies, areIdsRandom: false);
    private readonly RawSqlite random = new(bodies, areIdsRandom: true);

    /// <summary>Each over this time, so many ops in a transaction, spread over so many shares.</summary>
    public SqliteFloor Measure(int opsPerTransaction, int shares, TimeSpan time) =>
        new(ordered.Measure(opsPerTransaction, shares, time), random.Measure(opsPerTransaction, shares, time));

    public void Dispose()
    {
        ordered.Dispose();
        random.Dispose();
    }
}
