using System.Security.Cryptography;
using System.Text;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Ops from rows get new ids; ops from events get ids derived from event and content, so that a second process adds
/// nothing. <c>if_changed</c> compares with the current value, so A, B, A ends as A.
/// </summary>
internal static class OpencodeOps
{
    private const int DigestLength = 16;

    public static OpIntent Put(string kind, string key, RawJson data) =>
        new() { OpId = OpId.New(), Verb = Verbs.Put, Kind = kind, Key = key, Data = data, IfChanged = true };

    public static OpIntent Remove(string kind, string key) =>
        new() { OpId = OpId.New(), Verb = Verbs.Remove, Kind = kind, Key = key };

    public static OpIntent PutOf(OpencodeEvent source, string kind, string key, RawJson data) =>
        Put(kind, key, data) with
    {
        OpId = IdOf(source, Verbs.Put, kind, key, data.Utf8.Span),
    };

    public static OpIntent RemoveOf(OpencodeEvent source, string kind, string key) => Remove(kind, key) with
    {
        OpId = IdOf(source, Verbs.Remove, kind, key, []),
    };

    /// <summary>Returns the first 16 hex digits of the SHA-256.</summary>
    public static string Digest(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(data, hash);
        return Convert.ToHexStringLower(hash[..(DigestLength / 2)]);
    }

    private static string IdOf(OpencodeEvent source, string verb, string kind, string key, ReadOnlySpan<byte> data)
    {
        byte[] head = Encoding.UTF8.GetBytes($"{verb}\n{kind}\n{key}\n");
        byte[] emitted = new byte[head.Length + data.Length];
        head.CopyTo(emitted, 0);
        data.CopyTo(emitted.AsSpan(head.Length));
        string id = $"{source.Id}.{Digest(emitted)}";

        // Other id forms would be refused; use a digest.
        return OpId.IsValid(id) ? id : $"evt.{Digest(Encoding.UTF8.GetBytes(source.Id))}.{Digest(emitted)}";
    }
}
