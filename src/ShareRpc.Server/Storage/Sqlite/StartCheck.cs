using Microsoft.Data.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>
/// Looks for damaged pages before a server works with a file. All of a small file; of a large one as much as the time allows, since a start
/// must not take longer the more there is: <c>sharerpc check</c> reads everything.
/// </summary>
internal static class StartCheck
{
    private const int Corrupt = 11;

    /// <summary>Throws a <see cref="SqliteException"/> of <c>SQLITE_CORRUPT</c> for the first damage found.</summary>
    public static void Run(SqliteConnection connection, TimeSpan within, TimeProvider time)
    {
        if (within <= TimeSpan.Zero) return;
        using var over = new CancellationTokenSource(within, time);
        using CancellationTokenRegistration interrupt =
            over.Token.Register(() => SQLitePCL.raw.sqlite3_interrupt(connection.Handle));
        string result;
        try
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA quick_check(1)";
            result = (string)command.ExecuteScalar()!;
        }
        catch (SqliteException) when (over.IsCancellationRequested)
        {
            return;
        }

        // What an interrupted check reports are the pages it did not come to.
        if (result == "ok" || over.IsCancellationRequested) return;
        throw new SqliteException($"damaged: {result}", Corrupt);
    }
}
