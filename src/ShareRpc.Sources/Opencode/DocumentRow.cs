namespace ShareRpc.Sources.Opencode;

/// <summary>A message or part row without its data. <paramref name="MessageId"/> is the row's own id for a message.</summary>
internal readonly record struct DocumentRow(string Id, string MessageId, long TimeUpdated);
