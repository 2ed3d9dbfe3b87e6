using Npgsql;

namespace ShareRpc.Server.Storage.Postgres;

internal static class PostgresFailures
{
    private const string Database = "The PostgreSQL database";

    /// <summary>The state that this node took for granted is another by now: the group is repeated from fresh state.
    /// </summary>
    public static bool IsStale(Exception exception) => exception is PostgresException
    {
        SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.UniqueViolation or StaleState or KnownDocument,
    };

    /// <summary>Raised by <c>sharerpc_prove</c>.</summary>
    public const string StaleState = "SR001";

    /// <summary>Raised by it for a document that was taken for new.</summary>
    public const string KnownDocument = "SR003";

    /// <summary>Raised by <c>sharerpc_prove</c>, too.</summary>
    public const string OtherSchema = "SR002";

    public static StorageException Translate(Exception exception)
    {
        if (exception is StorageException known) return known;
        if (exception is not PostgresException refusal)
        {
            return new StorageException(StorageFailure.Unavailable,
                $"{Database} does not answer: see that it runs and that this node reaches it.", exception);
        }

        (StorageFailure kind, string message) = refusal.SqlState switch
        {
            PostgresErrorCodes.DiskFull => (StorageFailure.Full, $"{Database} has no room left: free some space."),
            PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected => (StorageFailure.Busy,
                $"{Database} is held up by another transaction: a node that was paused, or one by hand."),
            PostgresErrorCodes.ReadOnlySqlTransaction => (StorageFailure.ReadOnly,
                $"{Database} does not accept writes: connect to the primary."),
            PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => (StorageFailure.Damaged,
                $"{Database} is damaged: restore a backup."),
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => (
                StorageFailure.Unavailable, $"{Database} refuses this user: see user and password in --postgres."),
            PostgresErrorCodes.InvalidCatalogName => (StorageFailure.Unavailable,
                "The database that --postgres names does not exist: create it with createdb."),
            PostgresErrorCodes.InsufficientPrivilege => (StorageFailure.Unavailable,
                "The user that --postgres names may not do this: it must own the tables."),
            OtherSchema => (StorageFailure.Unavailable,
                $"{Database} has another schema than this node knows: run the version that migrated it."),
            _ => (StorageFailure.Unavailable, $"{Database} refused a statement ({refusal.SqlState})."),
        };
        return new StorageException(kind, message, exception);
    }
}
