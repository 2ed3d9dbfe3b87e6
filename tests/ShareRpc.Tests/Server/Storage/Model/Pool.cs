using ShareRpc.Protocol.Errors;
using OpKinds = ShareRpc.Protocol.Ops.Kinds;
using OpVerbs = ShareRpc.Protocol.Ops.Verbs;

namespace ShareRpc.Tests.Server.Storage.Model;

/// <summary>The few names that steps use, so that they meet often.</summary>
internal static class Pool
{
    public static readonly string[] Kinds = [OpKinds.Message, OpKinds.Part];

    /// <summary>By UTF-8 bytes the last comes after the one before; by UTF-16 units it would come before.</summary>
    public static readonly string[] Keys = ["a", "a\u0020", "\uE000", "\U0001F600"];

    public static readonly string[] OpIds = [.. Enumerable.Range(0, 10).Select(i => $"op{i}")];

    public static readonly string[] Writers = ["w0", "w1", "w2"];

    public static readonly string[] Data = ["{}", """{"v": 1.0}""", """{"t":"\uD83D"}""", """["ä"]""",
        """{"text":"0123456789012345678901234567"}"""];

    public static readonly string[] Verbs = [OpVerbs.Put, OpVerbs.Append, OpVerbs.Remove];

    public static readonly ErrorCode?[] Codes =
        [null, ErrorCode.TooLarge, ErrorCode.DependencyMissing, ErrorCode.OpIdReused];

    public static T At<T>(this IReadOnlyList<T> pool, int index) => pool[index % pool.Count];
}
