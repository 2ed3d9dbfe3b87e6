using System.Text.Json;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;

namespace ShareRpc.Protocol.Ops;

/// <summary>Checks the form of comments (SPEC [COMMENT-2]).</summary>
internal static class CommentRules
{
    public const string Before = "before";
    public const string After = "after";

    public static ErrorCode? Check(OpIntent op, ProtocolLimits limits)
    {
        if (op.Verb == Verbs.Append || op.IfChanged == true || !CommentKey.TryParse(op.Key, out _))
            return ErrorCode.InvalidOp;
        if (op.Data is not { } data) return null;
        if (data.Utf8.Length > limits.CommentBytes) return ErrorCode.TooLarge;
        try
        {
            return CommentText.Parse(data) is null ? ErrorCode.InvalidOp : null;
        }
        catch (JsonException)
        {
            return ErrorCode.TooLarge; // too deep: valid JSON from a frame
        }
    }
}

/// <summary>Holds what an author says in a comment.</summary>
/// <param name="Text">May be empty only in one that says whether the thread is resolved.</param>
/// <param name="Parent">The id of the comment that it answers; null for the first of a thread.</param>
/// <param name="Quote">What it is about, from the document it is on.</param>
/// <param name="Line">The line of a diff that it is on.</param>
/// <param name="Resolved">Whether the thread is resolved from here on; null: as before.</param>
internal sealed record CommentText(string Text, string? Parent, string? Quote, CommentLine? Line, bool? Resolved)
{
    /// <summary>Returns null for data that is none.</summary>
    public static CommentText? Parse(RawJson data)
    {
        using JsonDocument document = data.ToDocument();
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object) return null;
        bool isWhole = TryText(root, "text"u8, out string? text) & TryText(root, "parent"u8, out string? parent)
            & TryText(root, "quote"u8, out string? quote) & TryFlag(root, "resolved"u8, out bool? resolved)
            & TryLine(root, out CommentLine? line);
        bool isSaid = !string.IsNullOrWhiteSpace(text) || resolved is not null;
        if (!isWhole || !isSaid || (parent is not null && !CommentKey.IsId(parent))) return null;
        return new CommentText(text ?? "", parent, quote, line, resolved);
    }

    private static bool TryLine(JsonElement root, out CommentLine? line)
    {
        line = null;
        if (!Has(root, "line"u8, out JsonElement value)) return true;
        bool isLine = TryText(value, "file"u8, out string? file) & TryText(value, "side"u8, out string? side)
            & Has(value, "number"u8, out JsonElement number);
        isLine = isLine && file is { Length: > 0 } && side is null or CommentRules.Before or CommentRules.After
            && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out int at) && at > 0;
        if (isLine) line = new CommentLine(file!, side ?? CommentRules.After, number.GetInt32());
        return isLine;
    }

    private static bool TryFlag(JsonElement root, ReadOnlySpan<byte> name, out bool? flag)
    {
        bool isThere = Has(root, name, out JsonElement value);
        flag = isThere ? value.ValueKind == JsonValueKind.True : null;
        return !isThere || value.ValueKind is JsonValueKind.True or JsonValueKind.False;
    }

    private static bool TryText(JsonElement root, ReadOnlySpan<byte> name, out string? text)
    {
        text = null;
        if (!Has(root, name, out JsonElement value)) return true;
        if (value.ValueKind != JsonValueKind.String) return false;
        try
        {
            text = value.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // a lone surrogate
        }
    }

    private static bool Has(JsonElement json, ReadOnlySpan<byte> name, out JsonElement value) =>
        JsonMembers.TryFind(json, name, out value) && value.ValueKind != JsonValueKind.Null;
}

/// <summary>Names a line of a diff: of the file as it was before or is after, counted from 1.</summary>
internal sealed record CommentLine(string File, string Side, int Number);
