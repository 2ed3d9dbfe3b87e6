using ShareRpc.Protocol.Ops;

namespace ShareRpc.Client.Reading;

/// <summary>
/// The state of a share. Follow from the cursor; an op changes a document only if the op's cursor is larger than the
/// document's.
/// </summary>
/// <param name="Documents">In order of kind and key.</param>
/// <param name="Cursor">Where to follow from.</param>
public sealed record ShareSnapshot(IReadOnlyList<Document> Documents, long Cursor);
