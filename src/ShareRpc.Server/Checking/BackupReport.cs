namespace ShareRpc.Server.Checking;

/// <summary>What a backup holds.</summary>
/// <param name="Directory">Where it is.</param>
/// <param name="Bytes">The size of its database.</param>
/// <param name="Shares">Shares in it.</param>
/// <param name="Ops">Ops in it.</param>
public sealed record BackupReport(string Directory, long Bytes, long Shares, long Ops);
