using System.Globalization;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server.Access.Redaction;

/// <summary>
/// Random ops on random documents. Whatever a reader without tools, reasoning and files must not see holds a canary:
/// what is not listed, what is of another type than it is listed with, and all that is put into a hidden document.
/// </summary>
internal sealed class RandomSession(int seed)
{
    public const string Canary = "CANARY";

    /// <summary>Begins each number that must not be seen.</summary>
    public const string CanaryNumber = "660066";

    private static readonly string[] Kinds =
        ["part", "part", "part", "part", "part", "message", "session", "todo", "session_diff", "model", "turn",
            "custom"];

    private static readonly string[] PartTypes = ["text", "text", "reasoning", "tool", "file", "text\\u0065", "te"];
    private static readonly string[] Texts = ["text", "id", "title", "role", "name", "tool", "content", "state"];
    private static readonly string[] Names =
        ["type", "text", "id", "synthetic", "cost", "tokens", "time", "state", "role", "zz", "title", "content",
            "te\\u0078t"];

    private readonly Dice dice = new(seed);
    private readonly Dictionary<(string, string), bool> isHidden = [];
    private readonly HashSet<(string, string)> tools = [];
    private readonly HashSet<(string, string)> unsure = [];
    private readonly Dictionary<string, bool> comments = [];
    private int count;

    public string NextOp()
    {
        if (dice.Next(5) == 0 && NextComment() is { } comment) return comment;
        string kind = dice.Of(Kinds);
        string key = $"{kind[0]}{dice.Next(2)}";
        string id = $"{++count}";
        string head = $"\"op_id\":\"{seed}-{id}\",\"kind\":\"{kind}\",\"key\":\"{key}\"";
        int choice = dice.Next(10);
        if (choice == 0)
        {
            isHidden.Remove((kind, key));
            tools.Remove((kind, key));
            return $"{{{head},\"verb\":\"remove\"}}";
        }

        if (choice < 5 && kind != "turn") return $"{{{head},\"verb\":\"append\",\"data\":{Append(kind, key)}}}";
        return $"{{{head},\"verb\":\"put\",\"data\":{Put(kind, key)}}}";
    }

    /// <summary>
    /// On a document that is there: a comment, an edit or a removal, which no later change of the document shows to a
    /// reader from whom it was hidden.
    /// </summary>
    private string? NextComment()
    {
        (string Kind, string Key)[] there = [.. isHidden.Keys.Where(document =>
            document.Item1 is "part" or "message" or "session_diff")];
        if (there.Length == 0) return null;
        (string kind, string key) = there[dice.Next(there.Length)];
        string comment = $"{kind}/{key}/{dice.Next(2)}";
        string head = $"\"op_id\":\"{seed}-{++count}\",\"kind\":\"comment\",\"key\":\"{comment}\"";
        if (dice.Next(6) == 0)
        {
            comments.Remove(comment);
            return $"{{{head},\"verb\":\"remove\"}}";
        }

        // Of what was appended to, more counts as hidden here than is.
        bool isCanary = (isHidden[(kind, key)] && !unsure.Contains((kind, key))) || tools.Contains((kind, key));
        comments[comment] = isCanary |= comments.GetValueOrDefault(comment);
        return $"{{{head},\"verb\":\"put\",\"data\":{{{Member("text", isCanary)},{Member("quote", isCanary)}}}}}";
    }

    private string Append(string kind, string key)
    {
        string field = dice.Next(3) == 0 ? Names[dice.Next(Names.Length - 1)] : dice.Of(Texts);
        bool isToHidden = !isHidden.TryGetValue((kind, key), out bool hidden) || hidden;
        bool isTool = tools.Contains((kind, key));
        bool decides = (kind == "part" && field is ("type" or "synthetic"))
            || (field is ("cost" or "tokens") && (IsListed(kind, field) || kind == "model") && !isTool)
            || (field == "time" && IsListed(kind, field)) || (field == "state" && isTool);
        if (isToHidden || decides) isHidden[(kind, key)] = true;
        unsure.Add((kind, key));
        bool isListed = !isToHidden && !decides && IsListed(kind, field);
        return $"{{\"field\":\"{field}\",\"text\":\"{(isListed ? "seen" : Canary)}{count}\"}}";
    }

    private string Put(string kind, string key)
    {
        unsure.Remove((kind, key));
        if (kind is "todo" or "session_diff")
        {
            bool isDiff = kind == "session_diff";
            isHidden[(kind, key)] = isDiff;
            string element = $"{{{Member(isDiff ? "after" : "content", isDiff)},{Member("note", true)}}}";
            return dice.Next(2) == 0 ? element : $"[{element},{(dice.Next(2) == 0 ? Text(true) : element)}]";
        }

        if (kind == "turn") return $"{{\"state\":\"streaming\",{Member("note", true)}}}";
        bool isArray = dice.Next(8) == 0;
        string type = dice.Of(PartTypes);
        bool isTyped = kind == "part" && dice.Next(6) > 0;
        bool isSynthetic = kind == "part" && dice.Next(6) == 0;
        bool isUndone = kind is "part" or "message" && dice.Next(8) == 0;
        bool hidden = kind == "custom" || isArray || isUndone
            || (kind == "part" && (!isTyped || type is not ("text" or "tool") || (isSynthetic && type == "text")));
        isHidden[(kind, key)] = hidden;
        if (isTyped && type == "tool") tools.Add((kind, key));
        else tools.Remove((kind, key));
        var members = new List<string>();
        for (int i = dice.Next(7); i > 0; i--)
            members.Add(Value(Names[3 + dice.Next(Names.Length - 3)], kind, type, hidden));
        if (isTyped) members.Add($"\"type\":\"{type}\"");
        else if (dice.Next(2) == 0) members.Add($"\"type\":{Wrong()}");
        if (isSynthetic) members.Add("\"synthetic\":true");
        if (isUndone) members.Add("\"undone\":true");
        if (kind == "part" && dice.Next(3) > 0) members.Add(Value("text", kind, type, hidden));
        string json = $"{{{string.Join(',', members)}}}";
        return isArray ? $"[{json}]" : json;
    }

    /// <summary>A member of its listed type, of another type, or one that is not listed.</summary>
    private string Value(string name, string kind, string type, bool hidden)
    {
        string plain = name.Replace("\\u0078", "x", StringComparison.Ordinal);
        if (plain == "synthetic") return "\"note\":false"; // chosen elsewhere
        bool isListed = !hidden && IsListed(kind, plain) && !(type == "tool" && plain is "text" or "cost" or "tokens");
        if (dice.Next(4) == 0) return $"\"{name}\":{Wrong()}";
        return plain switch
        {
            "state" => $"\"state\":{{{Member("output", true)},"
                + $"{Member("status", hidden || kind != "part" || type != "tool")},"
                + $"\"time\":{{\"start\":1,{Member(Canary + "name", true)}}}}}",
            "time" => $"\"time\":{{\"created\":{(hidden ? Number() : "1")},\"{Canary}\":1}}",
            "tokens" => $"\"tokens\":{{\"cache\":{{\"read\":{(isListed || !hidden ? "1" : Number())}}},"
                + $"\"x\":{Number()}}}",
            "cost" => $"\"cost\":{(isListed ? "0.5" : "null")}",
            _ => $"\"{name}\":{Text(!isListed)}",
        };
    }

    /// <summary>What no listed leaf is.</summary>
    private string Wrong() => dice.Next(3) switch
    {
        0 => $"{{\"{Canary}\":{Text(true)}}}",
        1 => $"[{{\"x\":{Text(true)}}},{Text(true)}]",
        _ => $"[[{Text(true)}]]",
    };

    private string Member(string name, bool isCanary) => $"\"{name}\":{Text(isCanary)}";

    private string Text(bool isCanary) => $"\"{(isCanary ? Canary : "seen")}{count}-{dice.Next(1000)}\"";

    private string Number() => CanaryNumber + dice.Next(10).ToString(CultureInfo.InvariantCulture);

    private static bool IsListed(string kind, string name) => (kind, name) switch
    {
        ("part", "text" or "id" or "cost" or "tokens" or "time") => true,
        ("part", "tool" or "name") => true, // of some types, and no canary for the others
        ("message", "id" or "role" or "cost" or "tokens" or "time") => true,
        ("session", "id" or "title" or "cost" or "tokens" or "time") => true,
        ("model", "id" or "name") => true,
        ("todo", "id" or "content") => true,
        _ => false,
    };
}
