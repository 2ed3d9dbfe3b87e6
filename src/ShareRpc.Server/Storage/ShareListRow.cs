namespace ShareRpc.Server.Storage;

/// <summary>A share with what a listing shows beside it.</summary>
internal sealed record ShareListRow(ShareRow Share, long Head, long? LastAppendMs, string OwnerCapId);
