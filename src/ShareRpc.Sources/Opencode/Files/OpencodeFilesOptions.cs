using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>Which tree is imported, and how.</summary>
public sealed record OpencodeFilesOptions
{
    /// <summary>The <c>storage</c> folder of opencode before 1.2, or the folder above it.</summary>
    public required string Path { get; init; }

    /// <summary>A file beside the outbox that processes using the same outbox lock in turn; made when missing.</summary>
    public required string LockPath { get; init; }

    /// <summary>Look again at a tree that was imported before. What is in a share as it is in the tree makes no op.</summary>
    public bool Rescan { get; init; }

    /// <summary>What is replaced before it becomes an op; null: nothing is. The built-in rules by default.</summary>
    public SecretScanner? Secrets { get; init; } = SecretScanner.BuiltIn;
}
