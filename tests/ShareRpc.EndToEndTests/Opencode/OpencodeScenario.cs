using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace ShareRpc.EndToEndTests.Opencode;

/// <summary>
/// A person's machine in the scenario: where opencode lives there, and what its model says to what is typed.
/// </summary>
internal sealed class OpencodeScenario(World world, string name)
{
    public const string Write = "Write the notes.";
    public const string GoOn = "Now go on.";
    public const string Stall = "Tell me a long story.";

    private string Folder => world.PathOf(name);

    public Dictionary<string, ScriptedReply[]> Script => new()
    {
        [Write] =
        [
            new("I write them down.", new ScriptedCall("write", new JsonObject
            {
                ["filePath"] = Path.Combine(Folder, "project", "notes.txt"), ["content"] = "one\ntwo\n",
            })),
            new("And look at them.", new ScriptedCall("read", new JsonObject
            {
                ["filePath"] = Path.Combine(Folder, "project", "notes.txt"),
            })),
            new("They are there."),
        ],
        [GoOn] =
        [
            new("Two commands at once.", Bash("wc -l notes.txt", "Counts lines"),
                Bash("echo three >> notes.txt", "Adds a line")),
            new("A last look.", Bash("cat notes.txt", "Shows the notes")),
            new("Three lines now."),
        ],
        [Stall] =
        [
            new("It begins with a command.", Bash("echo once", "Begins")),
            new("Once upon a time there was a stream that") { Stalls = true },
        ],
    };

    /// <summary>Its home, with a creator token in the address of the share server.</summary>
    public async Task<OpencodeHome> OpenAsync(ScriptedModel model, CancellationToken cancellationToken)
    {
        string token = (await File.ReadAllTextAsync(world.TokenFile, cancellationToken)).Trim();
        return new OpencodeHome(Folder, new Uri(world.Server, $"/a/{token}"), model.Address);
    }

    /// <summary>The reply that was being streamed when opencode was killed.</summary>
    public static bool IsUnfinished(JsonNode message) =>
        (string?)message["role"] == "assistant" && message["time"]?["completed"] is null;

    public static bool IsDoneCommand(JsonNode part) =>
        (string?)part["tool"] == "bash" && (string?)part["state"]?["status"] == "completed";

    /// <summary>The secret that opencode keeps of a share.</summary>
    public static string SecretOf(OpencodeHome home, string session)
    {
        using var connection = new SqliteConnection($"Data Source={home.Database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT secret FROM session_share WHERE session_id = $session";
        command.Parameters.AddWithValue("$session", session);
        return (string)command.ExecuteScalar()!;
    }

    private static ScriptedCall Bash(string command, string description) =>
        new("bash", new JsonObject { ["command"] = command, ["description"] = description });
}
