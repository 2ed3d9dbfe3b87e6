using Microsoft.Data.Sqlite;
using ShareRpc.Sqlite;

namespace ShareRpc.Server.Storage.Sqlite;

internal static class SqliteFailures
{
    public static StorageException Translate(SqliteException exception, string path) =>
        new(KindOf(exception), SqliteTrouble.Describe(exception, path), exception);

    private static StorageFailure KindOf(SqliteException exception) =>
        SqliteTrouble.IsDamage(exception) ? StorageFailure.Damaged
        : SqliteTrouble.IsFull(exception) ? StorageFailure.Full
        : SqliteTrouble.IsBusy(exception) ? StorageFailure.Busy
        : SqliteTrouble.IsReadOnly(exception) ? StorageFailure.ReadOnly : StorageFailure.Unavailable;
}
