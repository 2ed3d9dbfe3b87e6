namespace ShareRpc.Server.Storage.Sqlite;

/// <summary>Numbers that a database keeps about itself, in the table <c>setting</c>.</summary>
internal static class StoreSettings
{
    /// <summary>The number of the newest entry of <c>revoked.log</c> that the database has.</summary>
    public const string Revoked = "revoked";

    /// <summary>Which <c>revoked.log</c> that number is of; without one it is 0.</summary>
    public const string RevokedLog = "revoked_log";

    /// <summary>What the last restore gave to all shares; without one it is 0.</summary>
    public const string Generation = "generation";

    /// <summary>The time at which a restore suspended all refs but the root; without one nothing is.</summary>
    public const string SuspendedMs = "suspended_ms";

    public const string Set =
        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

    public const string Get = "SELECT value FROM setting WHERE name = ?1";
}
