namespace ShareRpc.Benchmarks.Floors;

/// <summary>Ops a second of plain SQLite.</summary>
/// <param name="Ordered">With op ids that rise with time, as the client library makes them: the index grows at its
/// right edge.</param>
/// <param name="Random">With random op ids: the index is touched everywhere.</param>
internal readonly record struct SqliteFloor(double Ordered, double Random);
