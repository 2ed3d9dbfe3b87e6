using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>A document of a tree, as the op that puts it.</summary>
/// <param name="Op">With a fresh id and <c>if_changed</c>.</param>
/// <param name="MessageId">Of a part: its message.</param>
internal sealed record FoundDocument(OpIntent Op, string? MessageId);
