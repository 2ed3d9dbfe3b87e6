using System.Buffers;
using System.Text;
using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;

namespace ShareRpc.Protocol.Ops;

/// <summary>Checks ops and batches (SPEC sections "Ops" and "Limits").</summary>
public static class OpRules
{
    /// <summary>Maximum UTF-8 bytes of a key.</summary>
    public const int MaxKeyBytes = 512;

    /// <summary>Maximum length of a kind or field.</summary>
    public const int MaxNameLength = 64;

    private static readonly SearchValues<char> FieldCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>Returns null or the error of an op.</summary>
    public static ErrorCode? Check(OpIntent op, ProtocolLimits limits) => Check(op, limits, isJson: false);

    /// <summary>Likewise; data that somebody parsed is not read again unless it may be too deep.</summary>
    internal static ErrorCode? Check(OpIntent op, ProtocolLimits limits, bool isJson)
    {
        ArgumentNullException.ThrowIfNull(op);
        ArgumentNullException.ThrowIfNull(limits);
        if (!Verbs.IsKnown(op.Verb) || !IsKind(op.Kind) || !IsKey(op.Key)) return ErrorCode.InvalidOp;
        if (op.IfChanged == true && op.Verb != Verbs.Put) return ErrorCode.InvalidOp;
        if (op.DependsOn?.Count > limits.DependsOn || op.DependsOn?.All(OpId.IsValid) == false)
            return ErrorCode.InvalidOp;
        if (op.Kind == Kinds.Comment && CommentRules.Check(op, limits) is { } refused) return refused;
        if (op.Data is not { } data) return op.Verb == Verbs.Remove ? null : ErrorCode.InvalidOp;
        if (op.Verb == Verbs.Remove) return ErrorCode.InvalidOp;
        if (data.Utf8.Length > limits.OpBytes) return ErrorCode.TooLarge;
        return CheckData(op, data, limits, isJson);
    }

    /// <summary>Returns null or the error of a batch.</summary>
    public static ErrorCode? Check(OpBatch batch, ProtocolLimits limits)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(limits);
        if (!OpId.IsValid(batch.BatchId) || batch.Ops.Count == 0 || batch.Ops.Count > limits.BatchOps)
            return ErrorCode.InvalidBatch;
        if (batch.ExpectedCursor < 0) return ErrorCode.InvalidBatch;
        long? first = batch.Ops[0]?.Seq;
        if (first < 1) return ErrorCode.InvalidBatch;
        long bytes = 0;
        var ids = new HashSet<string>(batch.Ops.Count, StringComparer.Ordinal);
        HashSet<string> dependencies = [];
        for (int i = 0; i < batch.Ops.Count; i++)
        {
            OpIntent? op = batch.Ops[i];
            if (op is null || !OpId.IsValid(op.OpId) || !ids.Add(op.OpId) || op.Seq != first + i)
                return ErrorCode.InvalidBatch;
            bytes += op.Data?.Utf8.Length ?? 0;
            if (op.DependsOn is not { Count: > 0 } needed) continue;
            dependencies.UnionWith(needed);
            if (dependencies.Count > limits.BatchDependsOn) return ErrorCode.InvalidBatch;
        }

        return batch.Ops.Count > 1 && bytes > limits.BatchBytes ? ErrorCode.InvalidBatch : null;
    }

    /// <summary>Checks for <c>[a-z][a-z0-9_.]{0,63}</c>.</summary>
    public static bool IsKind(string? kind) =>
        kind is { Length: > 0 and <= MaxNameLength } && char.IsAsciiLetterLower(kind[0])
        && kind.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789_.") < 0;

    /// <summary>Checks 1 to 512 UTF-8 bytes, no control characters or lone surrogates.</summary>
    public static bool IsKey(string? key)
    {
        if (key is not { Length: > 0 and <= MaxKeyBytes } || Encoding.UTF8.GetByteCount(key) > MaxKeyBytes)
            return false;
        foreach (Rune rune in key.EnumerateRunes())
        {
            // U+FFFD: lone surrogate.
            if (rune.Value is < 0x20 or 0x7F or 0xFFFD) return false;
        }

        return true;
    }

    private static ErrorCode? CheckData(OpIntent op, RawJson data, ProtocolLimits limits, bool isJson)
    {
        // Most ops; no document needed.
        if (op.Verb == Verbs.Put && op.Kind != Kinds.Turn) return CheckShape(data, limits, isJson);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(data.Utf8, new JsonDocumentOptions { MaxDepth = limits.DataDepth });
        }
        catch (JsonException)
        {
            // Valid JSON from a frame: only depth fails.
            return ErrorCode.TooLarge;
        }

        using (document)
        {
            JsonElement root = document.RootElement;
            if (op.Verb == Verbs.Append) return IsAppend(root) && op.Kind != Kinds.Turn ? null : ErrorCode.InvalidOp;
            return TurnStates.Of(root) is not null ? null : ErrorCode.InvalidOp;
        }
    }

    private static ErrorCode? CheckShape(RawJson data, ProtocolLimits limits, bool isJson)
    {
        // Valid JSON is not deeper than it has brackets.
        ReadOnlySpan<byte> utf8 = data.Utf8.Span;
        bool isOpened = isJson && utf8 is [(byte)'{' or (byte)'[', ..];
        if (isOpened && utf8.Count((byte)'{') + utf8.Count((byte)'[') <= limits.DataDepth) return null;
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = limits.DataDepth });
        try
        {
            bool isContainer = reader.Read()
                && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
            while (reader.Read())
            {
            }

            return isContainer ? null : ErrorCode.InvalidOp;
        }
        catch (JsonException)
        {
            return ErrorCode.TooLarge; // as below
        }
    }

    private static bool IsAppend(JsonElement data) =>
        JsonMembers.TryFind(data, "field"u8, out JsonElement field) && field.ValueKind == JsonValueKind.String
            && IsField(field)
        && JsonMembers.TryFind(data, "text"u8, out JsonElement text) && text.ValueKind == JsonValueKind.String;

    private static bool IsField(JsonElement field)
    {
        // Unescaping a lone surrogate throws; field names have no escapes.
        string raw = field.GetRawText();
        return raw.Length is > 2 and <= MaxNameLength + 2
            && raw.AsSpan(1, raw.Length - 2).IndexOfAnyExcept(FieldCharacters) < 0;
    }
}
