using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server.Storage;

namespace ShareRpc.Server.Access.Changes;

internal static class RefRequest
{
    private const int MaxLabelLength = 200;
    private const int MaxUses = 1_000_000;
    private const long LongestGrantMs = 31_536_000_000;
    private const int MaxNames = 64;
    private const int MaxFieldLength = 64;

    public static void CheckIds(string capId, string tokenDigest, string? label, string? passphraseDigest = null)
    {
        bool isLabel = label is null || (label.Length <= MaxLabelLength && !label.Any(char.IsControl));
        bool isPassphrase = passphraseDigest is null || ShareToken.IsDigest(passphraseDigest);
        if (!RandomId.IsValid(capId) || !ShareToken.IsDigest(tokenDigest) || !isLabel || !isPassphrase)
        {
            throw new ShareRpcException(ErrorCode.InvalidParams);
        }
    }

    /// <summary>
    /// Returns foreign text as a label: without control characters, at most 200 characters; may be empty.
    /// </summary>
    public static string ToLabel(string text)
    {
        string clean = string.Concat(text.Where(character => !char.IsControl(character))).Trim();
        if (clean.Length <= MaxLabelLength) return clean;
        int end = MaxLabelLength - 1;
        return clean[..(char.IsHighSurrogate(clean[end - 1]) ? end - 1 : end)] + '…';
    }

    public static void CheckCaveats(Caveats? caveats)
    {
        if (caveats is null) return;
        bool isCounted = caveats is { MaxUses: null or (>= 1 and <= MaxUses), MaxOpsPerDay: null or >= 0,
            MaxBytesPerDay: null or >= 0, MaxShares: null or >= 0, MaxBytes: null or >= 0 };
        isCounted &= caveats is { ExpiresAtMs: null or >= 0, UnusedExpiresAtMs: null or >= 0 };
        isCounted &= caveats.GrantMs is null or (>= 1_000 and <= LongestGrantMs);
        bool isAppend = caveats.AppendKinds is not { } kinds
            || (kinds.Count is >= 1 and <= MaxNames && kinds.All(OpRules.IsKind));
        bool isRead = caveats.Readable is not { } readable || (readable.Count is >= 1 and <= MaxNames
            && readable.All(entry => OpRules.IsKind(entry.Key) && IsFields(entry.Value)));
        bool isRedact = caveats.Redact is not { } words || (words.Count >= 1 && words.All(Redactions.All.Contains));
        isRedact &= caveats.NoComments is null or true;
        if (!isCounted || !isAppend || !isRead || !isRedact) throw new ShareRpcException(ErrorCode.InvalidParams);
    }

    public static RefRow ChildOf(
        RefRow parent, AttenuateRequest request, byte[] verifier, long nowMs, ProtocolLimits limits,
        string? passphrase = null)
    {
        if (!RightsNames.TryParse(request.Rights, out Rights rights))
            throw new ShareRpcException(ErrorCode.InvalidParams);
        if ((rights & ~parent.Rights) != 0 || parent.Depth + 1 > limits.ChainDepth)
            throw new ShareRpcException(ErrorCode.Forbidden);
        long? expires = Earlier(parent.Caveats.ExpiresAtMs, request.Caveats?.ExpiresAtMs);
        return new RefRow
        {
            CapId = request.CapId, ShareKey = parent.ShareKey, ParentKey = parent.Key, ParentEpoch = parent.Epoch,
            Depth = parent.Depth + 1,
            Rights = rights, Caveats = (request.Caveats ?? Caveats.None) with { ExpiresAtMs = expires },
            Label = request.Label, Verifier = verifier, CreatedMs = nowMs, Passphrase = passphrase,
        };
    }

    /// <summary>Returns the rights of the owner of a share that a ref creates.</summary>
    public static IReadOnlyList<string> OwnerOf(RefRow creator) =>
        (RightsNames.Owner & (creator.Rights | ~RightsNames.Talk)).ToNames();

    public static bool IsSame(RefRow stored, RefRow asked) =>
        stored.ParentKey == asked.ParentKey && stored.ShareKey == asked.ShareKey && stored.Rights == asked.Rights
            && Text(stored.Caveats) == Text(asked.Caveats) && stored.Passphrase == asked.Passphrase
        && stored.Label == asked.Label && stored.Verifier.AsSpan().SequenceEqual(asked.Verifier);

    private static string Text(Caveats caveats) => JsonSerializer.Serialize(caveats, ProtocolJson.Options);

    private static bool IsFields(IReadOnlyList<string>? fields) =>
        fields is null
            || (fields.Count <= MaxNames && fields.All(field => field is { Length: >= 1 and <= MaxFieldLength }));

    private static long? Earlier(long? left, long? right) =>
        left is null ? right : right is null ? left : Math.Min(left.Value, right.Value);
}
