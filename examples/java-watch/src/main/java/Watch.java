import java.time.Duration;
import signalbox.Box;
import signalbox.BoxException;
import signalbox.BoxOptions;
import signalbox.Message;
import signalbox.Page;

/** Prints the messages of a box as they come, and leaves them to the box's reader. */
public class Watch {
  public static void main(String[] args) throws InterruptedException {
    BoxOptions options = BoxOptions.defaults().server(System.getenv("SIGNALBOX_URL"));
    try (Box box = Box.open(System.getenv("SIGNALBOX_BOX"), options)) {
      long cursor = 0;
      while (true) {
        Page page = box.read(cursor, 100, Duration.ofSeconds(20));
        for (Message message : page.messages()) System.out.println(message.seq() + " " + message.json());
        cursor = page.next();
      }
    } catch (BoxException e) {
      if (!e.code().equals("BOX_ERR_NOT_FOUND")) throw e;
      System.out.println("The box was deleted, or has expired.");
    }
  }
}
